"""CONTRACT: conversations, messages, replies, assignment and status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.journeys.contract.kit import Place, has, is_time, refused, title
from tests.patience import wait_for

CONVERSATION = {
    "id", "account_id", "platform", "kind", "contact", "post_id", "status", "assignee_id", "labels", "due_at",
    "last_message_at", "window",
}  # fmt: skip
MESSAGE = {"id", "direction", "external_id", "text", "media", "sent_at", "in_reply_to"}


def letter(place: Place, text: str) -> dict[str, Any]:
    """A new citizen's private message, as it arrives in the inbox."""
    citizen = f"o{title().encode().hex()[-16:]}"
    sent = {"platform": "wechat", "external_id": place.city.wechat_id, "from": citizen, "text": text}
    assert place.city.sim("POST", "/_sim/messages", sent)["delivered"]
    found: dict[str, Any] = wait_for("it", lambda: responder(place).get(f"/conversations?q={text}")["items"])[0]
    return found


def responder(place: Place) -> Any:
    return place.city.people["responder"]


def test_a_conversation(place: Place) -> None:
    found = letter(place, "备案材料要几份")
    has(found, CONVERSATION)
    assert (found["platform"], found["kind"], found["status"]) == ("wechat", "private", "open")
    assert (found["account_id"], found["assignee_id"], found["labels"]) == (place.city.wechat, None, [])
    assert set(found["contact"]) == {"id", "name"}
    assert set(found["window"]) == {"closes_at", "remaining"}
    assert is_time(found["window"]["closes_at"])
    assert found["window"]["remaining"] == 5
    assert is_time(found["last_message_at"])
    desk = responder(place)
    for query in ("status=open", f"account_id={place.city.wechat}", "assignee=none", "q=备案材料"):
        assert found["id"] in [item["id"] for item in desk.get(f"/conversations?{query}")["items"]], query
    assert found["id"] not in [item["id"] for item in desk.get("/conversations?status=resolved")["items"]]
    assert desk.get(f"/conversations?account_id={place.city.weibo}&q=备案材料")["items"] == []
    page = desk.get(f"/conversations/{found['id']}/messages")
    assert set(page) == {"items", "next_cursor"}
    inbound = page["items"][0]
    has(inbound, MESSAGE)
    assert (inbound["direction"], inbound["text"], inbound["media"]) == ("in", "备案材料要几份", [])
    assert inbound["external_id"].startswith("msg:")
    refused(desk, "GET", "/conversations?status=lost", 422)


def test_a_reply_is_accepted_then_sent(place: Place) -> None:
    found = letter(place, "窗口几点下班")
    path = f"/conversations/{found['id']}"
    desk = responder(place)
    inbound = desk.get(f"{path}/messages")["items"][0]
    said = desk.call("POST", f"{path}/replies", 202, json={"text": "下午五点半。"})
    has(said, MESSAGE | {"status"})
    assert said["direction"] == "out"
    assert said["in_reply_to"] in (inbound["id"], inbound["external_id"])
    assert said["status"] in ("queued", "sending", "sent")

    def all_sent() -> bool:
        items = desk.get(f"{path}/messages")["items"]
        return {item["status"] for item in items if item["direction"] == "out"} == {"sent"}

    wait_for("the reply", all_sent)
    assert desk.get("/conversations?q=窗口几点")["items"][0]["window"]["remaining"] == 4
    refused(desk, "POST", f"{path}/replies", 422, json={"text": " "})
    refused(desk, "POST", f"{path}/replies", 404, json={"text": "好。", "in_reply_to": "none"})
    refused(place.city.people["inspector"], "POST", f"{path}/replies", 403, json={"text": "好。"})
    refused(place.stranger, "POST", f"{path}/replies", 404, json={"text": "好。"})
    refused(place.stranger, "GET", f"{path}/messages", 404)
    for text in ("一。", "二。", "三。", "四。"):
        desk.post(f"{path}/replies", {"text": text}, expect=202)
    body = refused(desk, "POST", f"{path}/replies", 409, json={"text": "五。"})
    assert len(body["message"].split("。")) >= 3, "with a remedy"
    wait_for("the other replies", all_sent)


def test_a_refused_reply_says_why(place: Place) -> None:
    found = letter(place, "这条会被拒")
    path = f"/conversations/{found['id']}"
    fault = {"kind": "refuse", "platform": "wechat", "path": "message/custom/send", "code": 45047, "times": 1}
    place.city.sim("POST", "/_sim/faults", fault)
    said = responder(place).post(f"{path}/replies", {"text": "您好。"}, expect=202)

    def failed() -> Any:
        items = responder(place).get(f"{path}/messages")["items"]
        mine = next(item for item in items if item["id"] == said["id"])
        return mine if mine["status"] == "failed" else None

    has(wait_for("the refusal", failed)["error"], {"code", "cause", "remedy", "who"})


def test_assignment_and_status(place: Place) -> None:
    found = letter(place, "请转住建局")
    path = f"/conversations/{found['id']}"
    desk = responder(place)
    users = place.admin.get("/users?limit=200")["items"]
    me = next(user["id"] for user in users if user["email"] == "responder@journey.test")
    due = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    taken = desk.put(f"{path}/assignment", {"user_id": me, "due_at": due, "note": "请尽快"})
    assert taken["assignee_id"] == me
    assert is_time(taken["due_at"])
    assert [item["id"] for item in desk.get("/conversations?assignee=me")["items"]] == [found["id"]]
    refused(desk, "PUT", f"{path}/assignment", 422, json={})
    refused(desk, "PUT", f"{path}/assignment", 422, json={"user_id": me, "due_at": "2030-01-01T00:00:00"})
    refused(desk, "PUT", f"{path}/assignment", 422, json={"user_id": "none"})
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for status in ("pending", "resolved", "open"):
        assert desk.put(f"{path}/status", {"status": status})["status"] == status
    assert desk.put(f"{path}/status", {"status": "snoozed", "until": until})["status"] == "snoozed"
    refused(desk, "PUT", f"{path}/status", 422, json={"status": "snoozed"})
    refused(desk, "PUT", f"{path}/status", 422, json={"status": "lost"})
    moved = desk.put(f"{path}/assignment", {"unit_id": place.district})
    assert moved["assignee_id"] is None
    assert found["id"] in [item["id"] for item in place.city.people["below"].get("/conversations")["items"]]
    refused(place.stranger, "PUT", f"{path}/assignment", 404, json={"user_id": me})
    refused(place.stranger, "PUT", f"{path}/status", 404, json={"status": "open"})
