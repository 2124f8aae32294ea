"""Imports a product's images, and alerts the team when that fails for good."""

from dataclasses import dataclass
from typing import Literal

import shop

from stepwell import Context, FailureContext, function, plugin


@dataclass
class Product:
    """The data of `shop/product.imported`."""

    sku: str
    shop_api: Literal["up", "down"] = "up"


@function(id="import-product-images", name="Import product images", trigger="shop/product.imported", retries=2)
async def import_images(ctx: Context[Product]) -> str:
    """Once the images are fetched that is remembered: however often saving is retried, they are not fetched again."""
    product = ctx.event.data

    images = await ctx.step.run("fetch-images", shop.fetch_images, product.sku)
    ctx.log.info(f"{len(images)} images of {product.sku} are fetched")

    saved = await ctx.step.run("save-products", lambda: shop.save_product(product.sku, images, api=product.shop_api))
    ctx.log.info(f"{product.sku} is saved with {saved} images")

    return f"{product.sku} imported with {saved} images"


@import_images.on_failure
async def alert(ctx: FailureContext) -> str:
    """Tells the team what failed and what had been done before. In a step, so that they are told once."""
    sku = ctx.event.data.event.data.get("sku", "an unknown product")
    images = ctx.failed.step("fetch-images")
    done = "nothing had been done yet"
    if images is not None:
        done = f"its {len(images)} images had been fetched and wait to be saved"
    message = f"The import of {sku} failed ({ctx.error}); {done}. Run: {ctx.failed.run_id}"

    def tell() -> str:
        ctx.log.error(message)  # A real one would post this to the team's channel.
        return message

    return await ctx.step.run("alert-team", tell)


plugin(import_images)
