"""The Chinese words of recorded actions, by object and by verb: "post.submit" is 稿件 · 提交."""

from __future__ import annotations

from collections.abc import Callable

from app.words import N_

OBJECTS = {
    "account": N_("账号"),
    "alert": N_("告警"),
    "audit": N_("操作记录"),
    "backup": N_("备份"),
    "chain": N_("审核流程"),
    "channel": N_("告警渠道"),
    "contact": N_("联系人"),
    "conversation": N_("会话"),
    "demo": N_("演示数据"),
    "finding": N_("问题线索"),
    "media": N_("素材"),
    "message": N_("消息"),
    "notice": N_("通知"),
    "post": N_("稿件"),
    "preview": N_("手机预览"),
    "publication": N_("发布"),
    "reply": N_("回复"),
    "review": N_("审核"),
    "schedule": N_("排期"),
    "secret": N_("密钥"),
    "stop": N_("停发"),
    "token": N_("接口令牌"),
    "unit": N_("单位"),
    "user": N_("成员"),
    "variant": N_("平台版本"),
}

VERBS = {
    "add": N_("新增"),
    "approve": N_("通过"),
    "approved": N_("通过"),
    "assign": N_("分派"),
    "cancel": N_("取消"),
    "change": N_("修改"),
    "change_password": N_("修改密码"),
    "configure": N_("设置"),
    "create": N_("新建"),
    "deactivate": N_("停用"),
    "decide": N_("审核"),
    "delete": N_("删除"),
    "describe": N_("写说明"),
    "dismiss": N_("忽略"),
    "end": N_("解除"),
    "grant": N_("授予角色"),
    "hold": N_("暂缓"),
    "import": N_("导入"),
    "issue": N_("签发"),
    "label": N_("设标签"),
    "load": N_("载入"),
    "locked": N_("因输错密码锁定"),
    "override": N_("改写"),
    "probe": N_("检测"),
    "reactivate": N_("恢复"),
    "recall": N_("撤回"),
    "release": N_("放行"),
    "remark": N_("写备注名"),
    "remove": N_("移除"),
    "reply": N_("回复"),
    "reset": N_("复位"),
    "reset_password": N_("重置密码"),
    "resolve": N_("认定结果"),
    "restore": N_("恢复"),
    "retry": N_("重试"),
    "return": N_("退回"),
    "returned": N_("退回"),
    "revise": N_("修改"),
    "revoke": N_("收回"),
    "rotate": N_("轮换"),
    "schedule": N_("排期"),
    "send": N_("发送"),
    "set": N_("设置"),
    "set_chain": N_("设置审核流程"),
    "sign_in": N_("登录"),
    "sign_in_failed": N_("登录失败"),
    "start": N_("开始"),
    "status": N_("改变状态"),
    "submit": N_("提交审核"),
    "unschedule": N_("撤销排期"),
    "update": N_("修改"),
    "upload": N_("上传"),
    "withdraw": N_("撤下"),
}


def action_word(action: str, say: Callable[[str], str] = str) -> str:
    """In Chinese, or what `say` makes of it; a part without a word stays as it is."""
    thing, _, verb = action.partition(".")
    words = [say(table[part]) if part in table else part for table, part in ((OBJECTS, thing), (VERBS, verb)) if part]
    return " · ".join(words)
