"""The page on which a payer pays, as plain as can be."""

from __future__ import annotations

from html import escape

from plaudit.app.simulate.alipay.notices import yuan
from plaudit.app.simulate.books import Order
from plaudit.app.simulate.wire import Reply

_HTML = "text/html; charset=utf-8"


def cashier(order: Order, *, merchant: str) -> Reply:
    """Return the page with its two buttons."""
    address = f"/payer/{escape(merchant)}/{escape(order.number)}"
    return _page(
        f"<h1>{escape(order.title)}</h1><p>¥ {yuan(order.amount_minor)}</p>"
        f'<form method="post" action="{address}/pay"><button id="pay">Pay</button></form>'
        f'<form method="post" action="{address}/leave"><button id="leave">Leave</button></form>'
    )


def said(text: str, *, status: int = 200) -> Reply:
    """Return a page with one sentence."""
    return _page(f"<p>{escape(text)}</p>", status=status)


def _page(content: str, *, status: int = 200) -> Reply:
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated Alipay</title>'
    text = f"{head}{content}</html>"
    return Reply(status=status, body=text.encode(), media_type=_HTML)
