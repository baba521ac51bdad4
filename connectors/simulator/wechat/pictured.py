"""图片消息 (newspic): one to twenty permanent pictures with plain words; crops of the cover; goods at its foot."""

from __future__ import annotations

from typing import Any

from connectors.simulator.call import Call
from connectors.simulator.state import Doc
from connectors.simulator.wechat.errors import WeChatError

MOST_PICTURES = 20
RATIOS = ("1_1", "16_9", "2.35_1")
CORNERS = ("x1", "y1", "x2", "y2")


def fields(call: Call, given: dict[str, Any]) -> Doc:
    """What stands beside the words. Raises 40007 for a picture that is not permanent, 40097 for a wrong form."""
    info = given.get("image_info")
    images = info.get("image_list") if isinstance(info, dict) else None
    if not isinstance(images, list) or not 1 <= len(images) <= MOST_PICTURES:
        raise WeChatError(40097)
    ids = [str(image.get("image_media_id", "")) if isinstance(image, dict) else "" for image in images]
    for each in ids:
        held = call.state.get("material", call.me.owner, each)
        if held is None or held["type"] != "image":
            raise WeChatError(40007)
    kept: Doc = {"image_info": {"image_list": [{"image_media_id": each} for each in ids]}, "thumb_media_id": ids[0]}
    if "cover_info" in given:
        kept["cover_info"] = _cover(given["cover_info"])
    if "product_info" in given:
        kept["product_info"] = _product(call, given["product_info"])
    return kept


def _cover(given: Any) -> Any:
    """Crops by ratio, the corners as strings of shares of one."""
    crops = given.get("crop_percent_list") if isinstance(given, dict) else None
    if not isinstance(crops, list) or not all(isinstance(each, dict) for each in crops):
        raise WeChatError(40097)
    for crop in crops:
        corners = [crop.get(name) for name in CORNERS]
        if crop.get("ratio") not in RATIOS or not all(isinstance(each, str) for each in corners):
            raise WeChatError(40097)
        try:
            x1, y1, x2, y2 = (float(each) for each in corners)
        except ValueError as error:
            raise WeChatError(40097) from error
        if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
            raise WeChatError(40097)
    return given


def _product(call: Call, given: Any) -> Any:
    """Goods need a shop: 53404 without that right."""
    if "shop" not in call.me.rights:
        raise WeChatError(53404)
    foot = given.get("footer_product_info") if isinstance(given, dict) else None
    if not isinstance(foot, dict) or not foot.get("product_key"):
        raise WeChatError(53406)
    return given
