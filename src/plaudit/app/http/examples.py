"""Examples for the description of the API: a value for a field by its name, or whole bodies."""

from collections.abc import Mapping
from typing import Any, Final

_POSITION: Final = 42
_TIME: Final = "2026-11-22T02:03:04.123456Z"

_FIELDS: Final[Mapping[str, Any]] = {
    "address": "creator/c1/earnings/coin",
    "algorithm": "HS256",
    "amount_minor": 100,
    "anonymous": False,
    "asset": "coin",
    "at": _TIME,
    "as_of": _TIME,
    "basis": "fixed",
    "cashier_url": "https://pay.example/pay/1-pay_000000000001A-6b86b273ff34fce19d6b804eff5a3f57",
    "checked_at": None,
    "checker": None,
    "count": 1,
    "created_at": _TIME,
    "creator": "c1",
    "code": "EARLY",
    "cursor": "WzQyXQ",
    "day": "2026-11-21",
    "device": "mobile",
    "due_kind": "topup.ordered",
    "expires_at": "2026-11-22T02:18:04.123456Z",
    "day_limit_minor": None,
    "effect": "petals",
    "freeze": "none",
    "from_minor": 0,
    "funding": [{"kind": "wallet"}],
    "gift": "rose",
    "guild": None,
    "hash": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
    "head": _POSITION,
    "kind": "tip.sent",
    "kinds": "tip.sent,tip.reversed",
    "lag": 0,
    "landing_url": "https://live.example/{show}?inv={invitation}",
    "lang": "zh",
    "limit": 50,
    "max_minor": 1_000_000,
    "message": "encore!",
    "message_state": "shown",
    "min_minor": 1,
    "name": "Mira",
    "next_after": _POSITION,
    "next_cursor": None,
    "number": "P000000000001A01QGTSSK7H",
    "off": True,
    "offer": "vip",
    "organiser": "c1",
    "on_sale": True,
    "opened_at": _TIME,
    "payer": "v1",
    "position": _POSITION,
    "pack": "small",
    "preset": None,
    "presets_minor": [10, 50, 100],
    "price_asset": "CNY",
    "price_minor": 100,
    "problem": None,
    "public_key": None,
    "rate_per_second": 2_000,
    "reason": "asked for by the platform's support",
    "recorded_at": _TIME,
    "reference": "order-1001",
    "revoked_at": None,
    "room": "r1",
    "rooms": ["r1"],
    "scopes": ["tip.send", "tip.read"],
    "secret": "a shared secret of at least 32 bytes, drawn at random",
    "show": "s1",
    "shows": ["s1"],
    "state": "running",
    "status": "ready",
    "subject": "viewer/v1",
    "target": "gift/rose",
    "tenant": "acme",
    "terms": None,
    "time_zone": "Asia/Shanghai",
    "valid_from": None,
    "valid_until": None,
    "version": 1,
    "viewer": "v1",
    "waiting_since": None,
    "words": ["badword"],
}

_IDS: Final[Mapping[str, str]] = {
    "account": "acc_0000004000001",
    "adjustment": "adj_000000000001A",
    "credit": "crd_000000000001A",
    "transfer": "cbt_000000000001A",
    "delivery": "dlv_000000000001A",
    "due": "due_000000000001A",
    "id": "plk_0000004000001",
    "invitation": "inv_00000012J8V5QKQ0YB6P7XA",
    "key": "plk_0000004000001",
    "order": "ord_000000000001A",
    "payment": "pay_000000000001A",
    "refund": "ref_000000000001A",
    "site": "site_0000004000001",
    "site_key": "site_0000004000001",
    "server": "med_0000004000001",
    "session": "ses_000000000001A",
    "reversal": "rev_000000000001A",
    "staff": "pls_0000004000001",
    "ticket": "tkt_00000000002M0",
    "tip": "tip_000000000001A",
    "token_key": "tkn_0000004000001",
    "upto": "msg_000000000001A",
    "webhook": "whk_000000000001A",
}

_PATH: Final[Mapping[str, Any]] = {
    **_FIELDS,
    **_IDS,
    "address": "viewer/v1/coin",
    "kind": "ticket.bought",
    "language": "zh",
    "message": "msg_000000000001A",
    "group": "grp_0A1B2C3D4E5F6",
    "calendar": "holidays",
    "campaign": "weekends",
    "revision": 1,
    "terms": "standard",
    "waiting": "wtg_000000000001A",
}

_ACCOUNT: Final[Mapping[str, Any]] = {
    "name": "Sandbox",
    "assets": ["CNY"],
    "methods": ["sandbox"],
    "settings": {"fee_basis_points": 60},
    "secrets": {"signing_key": "at least sixteen characters"},
    "priority": 10,
    "max_minor": 500_000,
}

_EVENTS: Final[Mapping[str, Any]] = {
    "events": [
        {
            "id": "8f14e45f-view-1",
            "kind": "view",
            "show": "s1",
            "page": "/shows/s1",
            "visitor": "5f2b9c0e",
            "campaign": {"source": "weibo", "medium": "social", "campaign": "winter"},
        },
        {"id": "8f14e45f-click-2", "kind": "click", "show": "s1", "element": "buy", "visitor": "5f2b9c0e"},
    ]
}
_RULE: Final[Mapping[str, Any]] = {
    "landing_url": _FIELDS["landing_url"],
    "inviter": [
        {"kind": "coin", "amount_minor": 50},
        {"kind": "coupon", "item": "ten-off", "quantity": 1},
    ],
    "friend": [{"kind": "points", "amount_minor": 20}],
    "per_day_max": 10,
    "per_show_max": 100,
    "shortfall": "debt",
    "debt_limit_minor": 500,
}
_TERMS: Final[Mapping[str, Any]] = {
    "trigger": "topup",
    "base": {"amount": "paid", "asset": "CNY"},
    "conditions": {
        "all": [
            {"attribute": "amount", "operator": "at_least", "value": 3_000},
            {"attribute": "weekday", "operator": "one_of", "value": [6, 7]},
        ]
    },
    "strategy": {"kind": "ratio", "ratio": "1/5"},
    "reward": {"kind": "coin"},
    "caps": {"viewer_day_minor": 500, "total_minor": 100_000},
    "starts_at": "2036-11-22T00:00:00Z",
    "ends_at": "2036-12-01T00:00:00Z",
    "zone": "Asia/Shanghai",
    "texts": {"title_en": "A fifth back on Saturdays and Sundays", "title_zh": "周末充值返五分之一"},
}
_TEXT: Final[Mapping[str, Any]] = {
    "title": "《{show}》即将开始",
    "body": "演出将于 {starts_at} 开始。\n{link}",
}

_WEBHOOK: Final[Mapping[str, Any]] = {
    "url": "https://platform.example/plaudit",
    "kinds": ["ticket.issued", "show.soon.1h"],
}
_SERVER: Final[Mapping[str, Any]] = {
    "name": "SRS",
    "settings": {"urls": ["rtmp://edge.example/live/{name}"], "api_url": "http://srs.example:1985"},
    "secrets": {"api_user": "plaudit", "api_password": "a word of its own"},
    "priority": 10,
    "stream_name": "{show}~{stream}",
}

_BODIES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("post", "/v1/media-servers"): {"kind": "srs", **_SERVER},
    ("put", "/v1/media-servers/{server}"): {**_SERVER, "renew_keys": False},
    ("post", "/v1/shows/{show}/playback"): {"stream": "main", "viewer": "v1", "device": "phone"},
    ("post", "/v1/viewing-sessions/end"): {"show": "s1", "viewer": "v1", "session": "ses_000000000001A"},
    ("post", "/v1/channel-accounts"): {"channel": "sandbox", **_ACCOUNT},
    ("put", "/v1/channel-accounts/{account}"): _ACCOUNT,
    ("put", "/v1/payment-policies/{asset}"): {"review_above_minor": 100_000},
    ("put", "/v1/invitation-pictures/{show}"): {"picture": None},
    ("put", "/v1/invitation-rule"): _RULE,
    ("put", "/v1/invitation-rules/{show}"): _RULE,
    ("put", "/v1/campaigns/{campaign}"): {"terms": _TERMS},
    ("post", "/v1/campaigns/{campaign}/backtest"): {
        "from": "2026-10-01T00:00:00Z",
        "until": "2026-11-01T00:00:00Z",
    },
    ("put", "/v1/calendars/{calendar}"): {"days": ["2036-10-01", "2036-12-25"]},
    ("put", "/v1/viewers/{viewer}/attributes"): {"level": 3, "tags": ["vip"]},
    ("post", "/v1/inbox/read"): {"viewer": "v1", "upto": "msg_000000000001A"},
    ("post", "/v1/templates/preview"): {"kind": "show.soon.1h", "language": "zh", **_TEXT},
    ("put", "/v1/templates/{kind}/{language}"): _TEXT,
    ("post", "/v1/webhooks"): _WEBHOOK,
    ("put", "/v1/webhooks/{webhook}"): _WEBHOOK,
    ("post", "/v1/webhooks/{webhook}/secret"): {"overlap_s": 86_400},
    ("put", "/v1/mail-server"): {
        "host": "mail.acme.example",
        "port": 587,
        "security": "starttls",
        "username": "tickets",
        "password": "kept sealed, never shown",
        "from_address": "tickets@acme.example",
        "from_name": "Acme",
    },
    ("put", "/v1/viewers/{viewer}/contact"): {
        "language": "zh",
        "time_zone": "Asia/Shanghai",
        "email": "mei@mail.example",
        "muted": {"show.soon.24h": ["email"]},
        "quiet_from": "23:00",
        "quiet_until": "07:30",
    },
    ("post", "/v1/payments"): {
        "due": "due_000000000001A",
        "return_url": "https://show.example/thanks?order=1001",
    },
    ("post", "/v1/payments/{payment}/attempts"): {"device": "mobile"},
    ("post", "/v1/ticket-orders"): {"viewer": "v1", "offer": "vip", "quantity": 2, "campaign": "winter-mail"},
    ("post", "/v1/tickets/{ticket}/transfer"): {"recipient": "v2"},
    ("post", "/v1/tips"): {
        "viewer": "v1",
        "creator": "c1",
        "asset": "coin",
        "amount_minor": 100,
        "message": "encore!",
        "show": "s1",
    },
    ("post", "/v1/track"): _EVENTS,
    ("post", "/v1/track/beacon"): _EVENTS,
    ("post", "/v1/token-keys"): {"algorithm": "HS256", "secret": _FIELDS["secret"]},
    ("post", "/v1/waiting"): {"viewer": "v1", "offer": "vip", "quantity": 1},
    ("post", "/v1/wallets/{viewer}/credits"): {
        "asset": "coin",
        "amount_minor": 1_000,
        "reference": "order-1001",
    },
    ("post", "/v1/tips/{tip}/reversals"): {"amount_minor": 40, "reason": "charged twice"},
    ("put", "/v1/creators/{creator}"): {"guild": None, "terms": None},
    ("put", "/v1/gifts/{gift}"): {
        "name": {"en": "Rose", "zh": "玫瑰"},
        "price_minor": 100,
        "asset": "coin",
        "effect": "petals",
        "on_sale": True,
    },
    ("put", "/v1/offers/{offer}"): {
        "show": "s1",
        "zone": "vip",
        "asset": "CNY",
        "stock": 500,
        "steps": [
            {"price_minor": 9_900, "count": 100},
            {"price_minor": 12_900, "ends_at": "2026-12-20T12:00:00Z"},
            {"price_minor": 15_900},
        ],
        "rights": ["vip", "chat"],
        "per_order_max": 4,
        "per_person_max": 4,
        "deposit": {
            "deposit_minor": 2_000,
            "balance_from": "2026-12-01T12:00:00Z",
            "balance_until": "2026-12-20T12:00:00Z",
            "grace_s": 86_400,
            "forfeited": "50%",
        },
        "group": {"size": 3, "within_s": 86_400, "price_minor": 7_900},
        "bundle": [{"kind": "coin", "amount_minor": 100}],
    },
    ("put", "/v1/offers/{offer}/codes/{code}"): {"enabled": True, "reserved": 50, "uses_max": 200},
    ("put", "/v1/shows/{show}"): {
        "organiser": "c1",
        "starts_at": "2026-12-24T12:00:00Z",
        "ends_at": "2026-12-24T15:00:00Z",
        "texts": {
            "en": {"title": "Winter concert", "body": "Two hours, all songs.", "terms": "No refunds."},
            "zh": {"title": "冬日演唱会", "body": "两小时全部曲目。", "terms": "不支持退款。"},
        },
        "streams": [
            {"stream": "main", "rights": ["main", "vip"]},
            {"stream": "backstage", "rights": ["vip"]},
        ],
        "commission": "10%",
        "sale_at": "2026-12-01T12:00:00Z",
        "poster_url": "https://show.example/winter.jpg",
        "watch_url": "https://show.example/watch/{show}",
        "devices_max": 2,
    },
    ("post", "/v1/shows/{show}/cancel"): {"reason": "the artist is ill"},
    ("post", "/v1/shows/{show}/settle"): {"asset": "CNY"},
    ("post", "/v1/shows/{show}/state"): {"state": "presale"},
    ("put", "/v1/terms/{terms}"): {
        "basis": "monthly",
        "tiers": [
            {"from_minor": 0, "creator": "60%", "guild": "5%"},
            {"from_minor": 1_000_000, "creator": "70%", "guild": "5%"},
        ],
    },
}


def of_path(name: str) -> Any:  # noqa: ANN401 - JSON
    """Return an example of a parameter in a path or query, None when there is none."""
    return _PATH.get(name)


def of_body(*, method: str, path: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return an example of a request's body: a given one, else one put together from its fields."""
    whole = _BODIES.get((method, path))
    return whole if whole is not None else of_schema(schema, schemas)


def of_schema(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, name: str = "") -> Any:  # noqa: ANN401, PLR0911 - JSON; a table of cases
    """Return an example of a JSON schema, by the names of its fields and else by their types."""
    if "$ref" in schema:
        return of_schema(schemas[schema["$ref"].rpartition("/")[2]], schemas, name=name)
    if name in _IDS:
        return _IDS[name]
    if name in _FIELDS and _FIELDS[name] in schema.get("enum", (_FIELDS[name],)):
        return _FIELDS[name]
    if "oneOf" in schema:
        return of_schema(schema["oneOf"][0], schemas, name=name)
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if "properties" in schema:
        return {
            field: of_schema(inner, schemas, name=field)
            for field, inner in sorted(schema["properties"].items())
        }
    if kind == "array":
        return [of_schema(schema.get("items", {}), schemas)]
    return {"integer": 1, "number": 1, "boolean": True, "object": {}, "null": None}.get(str(kind), "text")
