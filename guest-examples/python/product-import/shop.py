"""The shop, as far as the example needs one: it answers by itself, and its API is down if the event says so."""

from dataclasses import dataclass

from stepwell import RetryAfterError


@dataclass
class Image:
    url: str


class ShopUnavailable(RetryAfterError):
    """The shop's API is down; it says for how long in its `Retry-After`."""

    code = "SHOP_503"

    def __init__(self, status: int) -> None:
        super().__init__(f"the shop's API is down for maintenance ({status})", retry_after="1s")
        self.status = status


def fetch_images(sku: str) -> list[Image]:
    """Images come from elsewhere: they can be had even while the shop's API is down."""
    return [Image(f"https://images.example/{sku}/{view}.webp") for view in ("front", "back", "detail")]


def save_product(sku: str, images: list[Image], *, api: str) -> int:
    """Saves the product; answers how many images it has then."""
    if api == "down":
        raise ShopUnavailable(503)
    return len(images)
