"""Names in a text that are somebody's own, as far as the words around them tell: 张某某, 户主王小明, 王小明，男. Pure.

People who speak for an office (联系人李明) are none; a name that was blurred is one wherever it stands.
"""

from __future__ import annotations

import re

_HAN = "\u3400-\u9fff"
_SURNAME = (
    "(?:欧阳|上官|司马|诸葛|皇甫|尉迟|公孙|慕容|令狐|司徒|东方|夏侯|"
    "[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦马苗凤花俞任袁柳鲍史唐费"
    "廉岑薛雷贺倪汤滕殷罗毕郝邬康伍余元卜顾孟平黄穆萧尹姚邵汪祁毛禹狄米贝臧戴谈宋庞熊纪舒屈项祝董梁杜阮蓝闵席季麻贾娄江童颜郭梅"
    "盛林刁钟徐邱骆夏蔡田樊胡凌霍虞柯管卢莫房裘缪解宗丁宣邓单洪包诸左石崔吉龚程邢裴陆翁荀惠甄曲封储靳段焦巴牧谷车侯班仇甘武"
    "符刘景詹龙叶黎薄白蒲赖卓蔺屠蒙池乔温翟谭姬冉雍桑桂牛边扈燕冀尚柴瞿阎慕茹习艾廖耿匡寇欧沃蔚隆师巩聂晁冷辛阚高万齐常关安"
    "成于时方向连容古饶曾沙丰游佟付肖代闫涂兰覃冼岳邸苟訾佘郁帅丛仝宫])"
)
_NAME = rf"(?:{_SURNAME}[{_HAN}]{{1,2}})"
# Behind a name: the end of the cell or clause, or words that go on about the person.
_ENDS = r"(?=$|[\s，,、。.（()）：:；;”\"]|家住|家里|家中|户籍|现住|[居租暂]?住|位于|身份|电话|的|男|女|于|在|因|系|将|被|反映|拥有|名下|一[家户]|等)"
_ROLE = (
    r"(?:户主|当事人|被?申请人|申请执行人|被执行人|被处罚人|被征收人|被拆迁人|权利人|承租人|承包人|产权人|房[主东]|业主|住户|租户|村民|居民|市民|群众|"
    r"农户|贫困户|脱贫户|低保户|五保户|低保对象|保障对象|特困人员|残疾人|患者|病人|病例|感染者|密接者|死者|伤者|受害人|被害人|嫌疑人|被告人?|"
    r"原告|上诉人|罪犯|失踪人|走失者|失主|老人|考生|学生|家长|监护人|继承人|受益人|中奖人|获奖人|报名人|应聘人|收件人|(?<!联系人)姓\s?名)"
)
# Right behind a role these begin other words rather than a name: 居民于…, 市民关心….
_ROLE_NAME = rf"{_ROLE}(?:[：:\s为是叫“\"（(、]{{1,3}}|(?![于关安成时常方向连容古曲]))"
_LIVES = r"(?:家住|家庭[住地]址|住址|现住|居住|租住|暂住|住在|家里|家中|户籍|住(?![宅所建房院户]))"
_PRIVATE = re.compile(
    rf"(?P<blurred>{_SURNAME}(?:某[某甲乙丙丁]?|[*＊×✕]{{1,2}}[{_HAN}]?|[xXＸｘ○〇]{{1,2}}(?![A-Za-z0-9])))"
    rf"|{_ROLE_NAME}(?P<role>{_NAME}){_ENDS}"
    rf"|(?P<sex>{_NAME})[，,、（(\s]{{1,2}}[男女](?![{_HAN}])"
    rf"|(?P<lives>{_NAME})[，,（(：:\s]{{0,2}}{_LIVES}"
    rf"|(?P<polite>{_SURNAME}[{_HAN}]{{0,2}}(?:先生|女士|老人|大爷|大妈|大娘|阿姨|奶奶|爷爷))"
)
_FOR_QUESTIONS = re.compile(r"联系|咨询|预约|报名|负责人|经办人|接待")
_CELL = re.compile(rf"(?:^|\t) ?(?P<cell>{_NAME}) ?(?=\t|$)")
_OF_HOME = re.compile(rf"的(?P<owner>{_NAME})(?=$|[\s，,、。（(]|家|一[家户]|反映)")
_HEAD = re.compile(
    rf"(?:^|\t) ?(?!联系|负责|经办|值班|承办|法定|法人)"
    rf"(?:[{_HAN}]{{0,6}}姓[ \u3000]{{0,4}}名|户主|房[主东]|业主|当事人|[被申权承产][{_HAN}]{{1,4}}人|[{_HAN}]{{2,4}}对象) ?(?=\t|$)"
)


def some_name(text: str, *, cells: bool, home: bool) -> str:
    """A private name in a sentence or row, "" for none. `cells`: the row is one of a list of people; `home`: the place
    beside it is called somebody's home."""
    for found in _PRIVATE.finditer(text):
        kind = found.lastgroup or ""
        # 联系人：王女士 answers for an office.
        if kind == "polite" and not home and _FOR_QUESTIONS.search(text):
            continue
        return found[kind]
    more = (_CELL.search(text) if cells else None) or (_OF_HOME.search(text) if home else None)
    return more[1] if more else ""


def lists_people(row: str) -> bool:
    """Whether the cells of `row`, parted by tabs, are the head of a list of people, or name one beside 姓名."""
    return bool(_HEAD.search(row))
