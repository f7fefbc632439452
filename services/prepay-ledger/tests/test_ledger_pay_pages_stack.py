"""The payers' pages in a browser, whose scripts are off: what is seen, and what can be done by
finger and by keyboard alone."""

import shutil
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from ledger_paying import Paying, paying_ledger
from playwright.async_api import Browser, Page, async_playwright, expect

from prewatt_devstack.services import WEBHOOK_PROVIDER

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not here"),
]
MICRO = 1_000_000
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
WAIT_MS = 60_000


@pytest.fixture(scope="module")
async def paying(ledger: Any) -> AsyncGenerator[Paying]:
    async with paying_ledger(ledger) as made:
        yield made


@pytest.fixture
async def browser() -> AsyncGenerator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"], timeout=WAIT_MS
        )
        yield made
        await made.close()


async def opened(browser: Browser, url: str, **more: Any) -> tuple[Page, list[str]]:
    """The page, and what the browser has to say against it."""
    context = await browser.new_context(
        **({"java_script_enabled": False, "viewport": PHONE, "locale": "en-GB"} | more)
    )
    context.set_default_timeout(WAIT_MS)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    answer = await page.goto(url)
    assert answer is not None
    assert answer.status == 200
    return page, said


async def test_a_payer_at_a_phone_pays_and_is_told_the_truth(
    paying: Paying, browser: Browser
) -> None:
    ledger = paying.ledger
    account, _ = await ledger.household()
    link = await paying.link(account)
    page, said = await opened(browser, link["url"])
    await page.get_by_role("radio", name="CNY 50", exact=True).check()
    await expect(page.get_by_role("radio", name="CNY 50", exact=True)).to_be_checked()
    await page.get_by_role("button", name="Continue to payment").click()
    await expect(page).to_have_title("Cashier")
    (order,) = [
        each for each in paying.provider.orders.values() if each["account"] == account["number"]
    ]
    assert (order["micro"], order["language"]) == (50 * MICRO, "en")
    await page.get_by_role("link", name="Paid").click()
    await expect(page.get_by_role("heading", name="Not seen yet")).to_be_visible()
    body = ledger.payment(account["number"], 50 * MICRO, request_id=order["order"])
    assert (await ledger.deliver(body)).json()["outcome"] == "credited"
    await page.get_by_role("link", name="Look again").click()
    await expect(page.get_by_role("heading", name="Paid")).to_be_visible()
    await page.get_by_role("link", name="中文").click()
    await expect(page.get_by_text("50 元 已到账")).to_be_visible()
    assert await page.context.cookies() == []
    assert [text for text in said if "Refused" in text or "violates" in text] == []


async def test_by_keyboard_alone_and_what_is_wrong_is_at_the_field(
    paying: Paying, browser: Browser
) -> None:
    account, _ = await paying.ledger.household()
    page, _ = await opened(browser, (await paying.link(account))["url"], viewport=DESK)
    field = page.get_by_label("Another amount")
    while not await field.evaluate("field => field === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.type("99999")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("from CNY 1 to CNY 5,000")
    await expect(page.get_by_label("Another amount")).to_have_value("99999")
    await page.get_by_label("Another amount").fill("12.50")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Cashier")
    orders = paying.provider.orders.values()
    assert [each["micro"] for each in orders if each["account"] == account["number"]] == [
        12_500_000
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 320, "height": 640}, DESK])
async def test_nothing_hangs_over_the_edge_and_all_of_it_can_be_touched(
    paying: Paying, browser: Browser, viewport: Any, scheme: str
) -> None:
    account, _ = await paying.ledger.household(low_balance_micro=42_500_000)
    link = await paying.link(account, shows_needed=True)
    page, _ = await opened(
        browser, link["url"], viewport=viewport, color_scheme=scheme, locale="zh-CN"
    )
    assert await page.locator("html").get_attribute("lang") == "zh-CN"
    boxes = page.locator(".tile, .typed, button, main, header")
    for box in [await each.bounding_box() for each in await boxes.all()]:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]
    for box in [await each.bounding_box() for each in await page.locator(".tile, button").all()]:
        assert box is not None
        assert box["height"] >= 44, "as large as a finger"
    assert await page.get_by_role("radio").count() == 5
    assert await page.locator(f'input[name="way"][value="{WEBHOOK_PROVIDER}"]').count() == 1
