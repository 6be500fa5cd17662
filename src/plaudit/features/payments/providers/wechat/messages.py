"""What goes over the wire, as far as it is used. Amounts are in fen, times are RFC 3339."""

import msgspec


class Amount(msgspec.Struct, kw_only=True):
    """An order's amount."""

    total: int
    currency: str = "CNY"


class RefundAmount(msgspec.Struct, kw_only=True):
    """What is given back of an order, and what the order was."""

    refund: int
    total: int
    currency: str = "CNY"


class Payer(msgspec.Struct, kw_only=True):
    """Who pays, within the merchant's app."""

    openid: str = ""


class H5Info(msgspec.Struct, kw_only=True):
    """The kind of page that the payer comes from."""

    type: str = "Wap"


class SceneInfo(msgspec.Struct, kw_only=True):
    """Where the payer is."""

    payer_client_ip: str
    h5_info: H5Info


class OrderRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """POST /v3/pay/transactions/{native,h5,jsapi}."""

    appid: str
    mchid: str
    description: str
    out_trade_no: str
    time_expire: str
    notify_url: str
    amount: Amount
    payer: Payer | None = None
    scene_info: SceneInfo | None = None


class OrderAnswer(msgspec.Struct, kw_only=True):
    """One of the three is there, by method."""

    code_url: str = ""
    h5_url: str = ""
    prepay_id: str = ""


class CloseRequest(msgspec.Struct, kw_only=True):
    """POST /v3/pay/transactions/out-trade-no/{number}/close."""

    mchid: str


class Transaction(msgspec.Struct, kw_only=True):
    """An order as it stands: the answer to a query, and what TRANSACTION.SUCCESS seals."""

    mchid: str
    out_trade_no: str
    trade_state: str
    appid: str = ""
    transaction_id: str = ""
    success_time: str = ""
    amount: Amount | None = None
    payer: Payer | None = None


class RefundRequest(msgspec.Struct, kw_only=True, omit_defaults=True):
    """POST /v3/refund/domestic/refunds: of an order by the channel's number, else by ours."""

    out_refund_no: str
    reason: str
    notify_url: str
    amount: RefundAmount
    transaction_id: str = ""
    out_trade_no: str = ""


class Refund(msgspec.Struct, kw_only=True):
    """A refund as it stands, asked for or queried."""

    out_refund_no: str
    status: str
    refund_id: str = ""
    success_time: str = ""
    amount: RefundAmount | None = None


class RefundNotice(msgspec.Struct, kw_only=True):
    """What REFUND.* seals. It names no currency: refunds are of CNY."""

    mchid: str
    out_trade_no: str
    out_refund_no: str
    refund_status: str
    amount: RefundAmount
    transaction_id: str = ""
    refund_id: str = ""
    success_time: str = ""


class Addressed(msgspec.Struct, kw_only=True):
    """What any sealed part may say about whom it is for."""

    mchid: str = ""


class Resource(msgspec.Struct, kw_only=True):
    """The sealed part of a callback."""

    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str = ""


class Envelope(msgspec.Struct, kw_only=True):
    """A callback."""

    id: str
    event_type: str
    resource_type: str
    resource: Resource


class BillAddress(msgspec.Struct, kw_only=True):
    """Where a bill lies, and what it must hash to once unzipped."""

    hash_type: str
    hash_value: str
    download_url: str
