"""Bases of the API's schemas: Chinese messages, aware times, no unknown fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import INCLUDE, RAISE, Schema, ValidationError, fields, pre_load, validate

from app.storable import moment, storable

MESSAGES = {
    "required": "缺少这个字段，请补上。",
    "null": "这个字段不能为空值。",
    "validator_failed": "取值不合规定。",
    "type": "类型不对。",
    "invalid": "格式不对，请核对接口说明。",
    "invalid_utf8": "不是有效的 UTF-8 文字。",
    "special": "不接受这个数值。",
    "too_large": "数值太大。",
}
for _field in {kind for kind in vars(fields).values() if isinstance(kind, type) and issubclass(kind, fields.Field)}:
    _field.default_error_messages = {
        key: MESSAGES.get(key, MESSAGES["invalid"])
        for key in {**fields.Field.default_error_messages, **_field.default_error_messages}
    }
# The validators' own sentences; {…} are filled in by marshmallow.
validate.Length.message_min = "太短，至少 {min} 个。"
validate.Length.message_max = "太长，最多 {max} 个。"
validate.Length.message_all = "应有 {min} 到 {max} 个。"
validate.Length.message_equal = "应正好 {equal} 个。"
validate.Range.message_min = "太小，应{min_op}{{min}}。"
validate.Range.message_max = "太大，应{max_op}{{max}}。"
validate.Range.message_all = "应{min_op}{{min}}，且{max_op}{{max}}。"
validate.Range.message_gte, validate.Range.message_gt = "不小于 ", "大于 "
validate.Range.message_lte, validate.Range.message_lt = "不大于 ", "小于 "
validate.OneOf.default_message = "只能是 {choices} 之一。"
validate.Equal.default_message = "应为 {other}。"
validate.Regexp.default_message = validate.Email.default_message = validate.URL.default_message = MESSAGES["invalid"]


class BaseSchema(Schema):
    """Refuses unknown fields; keeps the order of declaration."""

    error_messages: dict[str, str] = {
        "unknown": "没有这个字段，请删去或核对拼写。",
        "type": "请求体应为 JSON 对象。",
    }

    class Meta:
        unknown = RAISE

    @pre_load
    def _storable(self, data: Any, **kwargs: Any) -> Any:
        """Without the characters that no database keeps; a query's arguments were looked at before."""
        try:
            return storable(data) if isinstance(data, dict) else data
        except RecursionError:
            raise ValidationError("嵌套太深，请核对接口说明。") from None


class AwareTime(fields.Field[datetime]):
    """ISO 8601 with an offset, as aware UTC; naive times are refused."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            parsed = moment(str(value))
        except ValueError:
            raise ValidationError("时间格式不对，应为 ISO 8601，例如 2026-07-12T16:40:00+08:00。") from None
        if parsed.tzinfo is None:
            raise ValidationError("时间缺少时区，请写明，例如 2026-07-12T16:40:00+08:00。")
        return parsed


class PageQuery(BaseSchema):
    """?cursor&limit of every list."""

    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=50)


class RefusalOut(Schema):
    """The API's one error form; a refusal may say more, as `problems` of content or the `version` that stands now."""

    class Meta:
        unknown = INCLUDE

    code = fields.Integer(metadata={"description": "the HTTP status"})
    status = fields.String(metadata={"description": "its name"})
    message = fields.String(metadata={"description": "cause, remedy, who must act"})
    errors = fields.Dict(metadata={"description": "what is wrong, by field"})
