"""The demo's data, as plain values. Everything in it is invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PASSWORD = "tandem-demo-2026"
ROOT = "青岚市人民政府办公室"

# name, level, parent
UNITS = (
    (ROOT, "city", None),
    ("青岚市住房和城乡建设局", "city", ROOT),
    ("青岚市水务局", "city", ROOT),
    ("青岚市公安局交警支队", "city", ROOT),
    ("云溪区人民政府办公室", "county", ROOT),
    ("白鹭县人民政府办公室", "county", ROOT),
    ("白鹭县柳溪镇人民政府", "township", "白鹭县人民政府办公室"),
)


@dataclass(frozen=True, kw_only=True)
class Person:
    email: str
    name: str
    title: str
    roles: tuple[str, ...]
    unit: str = ROOT


PEOPLE = (
    Person(email="author@demo.tandem", name="王敏", title="拟稿人", roles=("author",)),
    Person(email="reviewer1@demo.tandem", name="李卫东", title="初审", roles=("reviewer",)),
    Person(email="reviewer2@demo.tandem", name="陈静", title="复审", roles=("reviewer",)),
    Person(email="reviewer3@demo.tandem", name="赵国强", title="终审", roles=("reviewer",)),
    Person(email="publisher@demo.tandem", name="孙立", title="发布人", roles=("publisher",)),
    Person(email="responder@demo.tandem", name="林晓芸", title="回复人", roles=("responder",)),
    Person(email="admin@demo.tandem", name="周启明", title="管理员", roles=("administrator",)),
    Person(email="inspector@demo.tandem", name="何志远", title="督查员", roles=("inspector",)),
    Person(email="auditor@demo.tandem", name="顾明", title="审计管理员", roles=("auditor",)),
    Person(
        email="yunxi@demo.tandem",
        name="郑洁",
        title="云溪区拟稿人兼回复人",
        roles=("author", "responder"),
        unit="云溪区人民政府办公室",
    ),
)

# Whose phones follow every WeChat account at the simulator, by their WeChat id: where previews arrive.
PHONES = {
    "author@demo.tandem": "wangmin_qinglan",
    "reviewer1@demo.tandem": "liweidong_ql",
    "reviewer2@demo.tandem": "chenjing_ql",
    "reviewer3@demo.tandem": "zhaoguoqiang_ql",
    "yunxi@demo.tandem": "zhengjie_yunxi",
}


@dataclass(frozen=True, kw_only=True)
class DemoAccount:
    """`last_days` are the days ago on which it published by other means; `sim` what the simulator must know."""

    key: str
    platform: str
    external_id: str
    name: str
    unit: str
    mode: str
    last_days: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    sim: dict[str, Any] = field(default_factory=dict)


# A real account may make 100 calls a day, which a drill that looks every few seconds would use up in minutes.
DRILL_CALLS = 20_000

OFTEN = (1, 2, 3, 5, 6, 8, 9, 10, 12, 13, 15, 17, 18, 20, 22, 23, 25, 27, 28)
SOMETIMES = (2, 4, 7, 11, 14, 19, 24, 29)

ACCOUNTS = (
    DemoAccount(
        key="weibo_city",
        platform="weibo",
        external_id="5600000001",
        name="青岚发布",
        unit=ROOT,
        mode="share",
        last_days=OFTEN,
        settings={"quotas": {"daily_calls": DRILL_CALLS}},
        sim={"level": "share", "quotas": {"daily_calls": DRILL_CALLS}},
    ),
    DemoAccount(
        key="wechat_city",
        platform="wechat",
        external_id="gh_0a1b2c3d4e01",
        name="青岚发布",
        unit=ROOT,
        mode="mass",
        last_days=OFTEN,
        # A real subscription account may send once a day; a drill wants more than one try.
        settings={"kind": "subscription", "comments": True, "quotas": {"mass": 20}},
        sim={"kind": "subscription", "verified": True, "review_seconds": 3, "quotas": {"mass_per_day": 20}},
    ),
    DemoAccount(
        key="weibo_housing",
        platform="weibo",
        external_id="5600000002",
        name="青岚住建",
        unit="青岚市住房和城乡建设局",
        mode="share",
        last_days=SOMETIMES,
        settings={"quotas": {"daily_calls": DRILL_CALLS}},
        sim={"level": "share", "quotas": {"daily_calls": DRILL_CALLS}},
    ),
    DemoAccount(
        key="wechat_housing",
        platform="wechat",
        external_id="gh_0a1b2c3d4e02",
        name="青岚住建",
        unit="青岚市住房和城乡建设局",
        mode="publish",
        last_days=SOMETIMES,
        settings={"kind": "subscription"},
        sim={"kind": "subscription", "verified": True, "review_seconds": 3},
    ),
    DemoAccount(
        key="wechat_water",
        platform="wechat",
        external_id="gh_0a1b2c3d4e03",
        name="青岚水务",
        unit="青岚市水务局",
        mode="publish",
        last_days=(8, 15, 21, 28),
        settings={"kind": "service"},
        sim={"kind": "service", "verified": True, "review_seconds": 3},
    ),
    DemoAccount(
        key="weibo_traffic",
        platform="weibo",
        external_id="5600000003",
        name="青岚交警",
        unit="青岚市公安局交警支队",
        mode="share",
        last_days=(1, 2, 4, 6, 7, 9, 11),
        settings={"quotas": {"daily_calls": DRILL_CALLS}},
        sim={"level": "share", "quotas": {"daily_calls": DRILL_CALLS}},
    ),
    DemoAccount(
        key="weibo_yunxi",
        platform="weibo",
        external_id="5600000004",
        name="云溪区发布",
        unit="云溪区人民政府办公室",
        mode="share",
        last_days=(16, 19, 24, 29),
        settings={"quotas": {"daily_calls": DRILL_CALLS}},
        sim={"level": "share", "quotas": {"daily_calls": DRILL_CALLS}},
    ),
    DemoAccount(
        key="wechat_bailu",
        platform="wechat",
        external_id="gh_0a1b2c3d4e04",
        name="白鹭县发布",
        unit="白鹭县人民政府办公室",
        mode="draft",
        last_days=(95, 102),
        settings={"kind": "subscription"},
        sim={"kind": "subscription", "verified": True, "review_seconds": 3},
    ),
)

HEADLINES = (
    ("早间天气", "今日多云转阵雨，气温24至31摄氏度，出门请带伞。"),
    ("便民提示", "市民服务中心周末照常开放，婚姻登记、社保、公积金业务均可办理。"),
    ("停水公告", "白鹭洲片区今夜23时至次日5时管网检修，请提前储水。"),
    ("政策速递", "灵活就业人员参保缴费档次调整，可在线办理。"),
    ("交通出行", "滨江大道北段恢复双向通行，早高峰请错峰出行。"),
    ("回应关切", "老旧小区加装电梯怎么申请？流程和补贴标准看这里。"),
    ("文化生活", "市图书馆夜场开放至22时，周五有青岚讲堂。"),
    ("办事指南", "新生儿出生一件事，线上一次办完。"),
)

# account key, citizen, text, hours ago
PRIVATE_MESSAGES = (
    ("wechat_city", "citizen-01", "请问老旧小区加装电梯的补贴现在还能申请吗？需要准备哪些材料？", 30.0),
    ("wechat_city", "citizen-02", "我在网上看到说明天全市停水三天，是真的吗？", 5.5),
    ("wechat_city", "citizen-02", "家里有老人小孩，很着急，请尽快回复。", 5.2),
    ("wechat_city", "citizen-03", "不动产登记中心周六上班吗？", 2.0),
    ("wechat_water", "citizen-04", "白鹭洲片区昨晚停水到今早八点还没来，什么时候恢复？", 3.1),
    ("wechat_water", "citizen-05", "水费账单打印不出来，公众号里点了没有反应。", 26.0),
    ("wechat_housing", "citizen-06", "租房合同备案房东不配合怎么办？", 0.6),
)

# account key, author, text: comments under the newest seeded post of that account
COMMENTS = (
    ("weibo_city", "青岚小满", "这个流程太实用了，已收藏👍"),
    ("weibo_city", "路过的风", "滨江大道晚上路灯坏了好几盏，能转给城管吗？"),
    ("weibo_housing", "租房的小陈", "押金不退应该找哪个部门投诉？"),
    ("weibo_traffic", "老司机不老", "解放街路口左转灯时间太短，早高峰一次只能过三辆车。"),
)


@dataclass(frozen=True, kw_only=True)
class DemoPost:
    """`state` is how far the demo takes it; `accounts` are keys of ACCOUNTS."""

    title: str
    summary: str
    html: str
    accounts: tuple[str, ...]
    state: str
    source: str = "青岚市人民政府办公室"
    tags: tuple[str, ...] = ()
    hue: int = 210
    urgent: bool = False
    # The account whose simulator is told to misbehave, so that people can practise.
    fault: str = ""


POLICY = (
    "<h2>一、为什么要出台</h2><p>近年来我市新市民持续增加，租赁纠纷中押金退还、随意涨租占到七成。"
    "《青岚市住房租赁管理办法》针对这些问题作出规定，自公布之日起施行。</p>"
    "<h2>二、有哪些变化</h2><ol><li>押金不得超过一个月租金，合同终止后十个工作日内退还；</li>"
    "<li>一年内不得单方面上调租金；</li><li>租赁合同三十日内网上备案，凭备案办理居住证、积分入学。</li></ol>"
    "<table><tr><th>事项</th><th>办理时限</th><th>渠道</th></tr><tr><td>合同备案</td><td>即时办结</td><td>政务服务网</td></tr>"
    "<tr><td>押金纠纷</td><td>5个工作日</td><td>住建热线</td></tr></table>"
    "<h2>三、到哪里问</h2><p>咨询电话：0599-12345，工作日8:30至17:30。</p>"
)

POSTS = (
    DemoPost(
        title="一图读懂《青岚市住房租赁管理办法》",
        summary="押金不超一个月、一年内不得单方涨租、备案网上即办。",
        html=POLICY,
        accounts=("weibo_city", "wechat_city"),
        state="publish_now",
        source="青岚市住房和城乡建设局",
        tags=("政策解读",),
        hue=215,
    ),
    DemoPost(
        title="老旧小区加装电梯，补贴这样申请",
        summary="每台最高补贴20万元，社区受理、联合审查、一次办结。",
        html="<p>符合条件的既有住宅，由业主共同提出申请，社区居委会受理。</p><h2>申请步骤</h2>"
        "<ol><li>业主表决并签订协议；</li><li>社区受理，街道公示七天；</li><li>联合审查后开工；</li>"
        "<li>竣工验收，拨付补贴。</li></ol><p>补贴标准：每台最高20万元。</p>",
        accounts=("weibo_city", "wechat_housing"),
        state="publish_now",
        source="青岚市住房和城乡建设局",
        tags=("办事指南",),
        hue=160,
    ),
    DemoPost(
        title="暑期防溺水，这六件事请家长记牢",
        summary="不私自下水，不擅自结伴，不到无安全设施的水域。",
        html="<p>暑期将至，请家长切实履行监护责任，做到知去向、知同伴、知归时、知内容。</p>"
        "<ul><li>不私自下水游泳；</li><li>不擅自与他人结伴游泳；</li><li>不在无家长带领的情况下游泳；</li></ul>",
        accounts=("weibo_housing",),
        state="publish_failed",
        fault="weibo_housing",
        hue=200,
    ),
    DemoPost(
        title="滨江大道夜间施工交通组织调整",
        summary="今晚22时至次日5时，滨江大道北段单向通行。",
        html="<p>因管网改造，滨江大道北段今晚22时至次日5时单向通行，请按现场标志绕行。</p>",
        accounts=("weibo_traffic",),
        state="publish_unknown",
        fault="weibo_traffic",
        source="青岚市公安局交警支队",
        hue=30,
    ),
    DemoPost(
        title="住房公积金年度结息到账公告",
        summary="本年度结息已计入个人账户，可在线查询。",
        html="<p>本年度住房公积金结息已计入个人账户，职工可在政务服务网和小程序查询。</p><p>{picture}</p>",
        accounts=("weibo_housing", "wechat_housing"),
        state="publish_held",
        fault="wechat_housing",
        hue=265,
    ),
    DemoPost(
        title="白鹭县开展农村饮水安全排查",
        summary="本月起对全县四十二处供水点逐一检测，结果向社会公布。",
        html="<p>本月起，县水利、卫健部门对全县四十二处集中供水点逐一检测，检测结果按月公布。</p>",
        accounts=("wechat_bailu",),
        state="publish_now",
        hue=185,
    ),
    DemoPost(
        title="周末图书馆延时开放通知",
        summary="周五至周日开放至22时。",
        html="<p>市图书馆自本周起，周五至周日开放时间延长至22时。</p>",
        accounts=("weibo_city",),
        state="missed",
        hue=330,
    ),
    DemoPost(
        title="灵活就业人员参保缴费档次调整",
        summary="新的缴费档次自下月起执行，可在线变更。",
        html="<p>自下月起，灵活就业人员基本养老保险缴费设七个档次，可在线变更，次月生效。</p>",
        accounts=("weibo_city", "wechat_city"),
        state="scheduled_tomorrow",
        tags=("社保",),
        hue=140,
    ),
    DemoPost(
        title="便民服务亭改造为健康驿站",
        summary="四处便民服务亭改造为健康驿站，提供测血压、饮水、应急药品。",
        html="<p>我市将四处便民服务亭改造为健康驿站，今日下午起开放，提供测血压、饮水、应急药品等服务。</p>",
        accounts=("weibo_city", "wechat_housing"),
        state="scheduled_soon",
        hue=95,
    ),
    DemoPost(
        title="新生儿出生“一件事”线上办",
        summary="出生证、户口、医保、预防接种一次申请。",
        html="<p>新生儿出生“一件事”已整合六个事项，一次申请，最快两个工作日办结。</p>",
        accounts=("weibo_city", "wechat_city"),
        state="approved",
        tags=("办事指南",),
        hue=20,
    ),
    DemoPost(
        title="关于开展消防安全隐患排查的通告",
        summary="即日起三个月内，重点排查沿街商铺和老旧小区。",
        html="<p>即日起三个月内，消防、住建、城管部门联合开展隐患排查，重点为沿街商铺、老旧小区和电动车充电场所。</p>",
        accounts=("weibo_city", "wechat_city"),
        state="in_review_first",
        hue=5,
    ),
    DemoPost(
        title="辟谣：“明天起全市停水三天”不实",
        summary="网传停水消息系旧闻拼接，目前全市供水正常。",
        html="<p>经市水务局核实，网传“明天起全市停水三天”为2019年旧通知拼接。目前三座水厂满负荷运行，<strong>供水正常</strong>。</p>",
        accounts=("weibo_city", "wechat_water"),
        state="in_review_last",
        source="青岚市水务局",
        tags=("辟谣",),
        hue=0,
        urgent=True,
    ),
    DemoPost(
        title="青岚马拉松志愿者招募",
        summary="招募六百名赛道、医疗、翻译志愿者。",
        html="<p>青岚马拉松将于明年春天举行，现招募志愿者六百名，报名截至本月底。</p>",
        accounts=("weibo_city", "wechat_city"),
        state="returned",
        hue=45,
    ),
    DemoPost(
        title="市属事业单位公开招聘拟聘用人员公示",
        summary="公示期七个工作日。",
        html="<p>拟聘用人员：刘某某，身份证号11010519491231002X，联系电话13912345678。公示期七个工作日。</p>",
        accounts=("weibo_city", "wechat_city"),
        state="draft",
        hue=290,
    ),
    DemoPost(
        title="周末文化活动预告",
        summary="",
        html="<p>本月共有二十三场免费文化活动，地点和时间陆续更新。</p>",
        accounts=("wechat_city",),
        state="draft",
        hue=310,
    ),
)
