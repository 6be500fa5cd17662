"""One example of every fact about money that comes in through channels."""

from datetime import UTC, date, datetime
from typing import Any, Final

from plaudit.vocabulary.facts import bills, dues, payments, tipping, wallets
from plaudit.vocabulary.facts.base import FactData

_AT: Final = datetime(2026, 11, 22, 8, tzinfo=UTC)
_DUE: Final[dict[str, Any]] = {
    "payer": "v1",
    "asset": "CNY",
    "amount_minor": 1_200,
    "due_until": _AT,
    "title_en": "120 coins",
    "title_zh": "120 金币",
}
_RETURN: Final[dict[str, Any]] = {
    "due": 7,
    "due_kind": "topup.ordered",
    "payment": "pay_0000000000001",
    "asset": "CNY",
    "amount_minor": 1_200,
}
_PAYMENT: Final[dict[str, Any]] = {**_RETURN, "payer": "v1"}
_AT_CHANNEL: Final[dict[str, Any]] = {
    "channel": "wechat",
    "account": "acc_0000000000001",
    "attempt": 1,
}
_DAY: Final = date(2026, 11, 21)
_BILL: Final[dict[str, Any]] = {"channel": "wechat", "account": "acc_0000000000001", "day": _DAY}
_REFUND: Final[dict[str, Any]] = {**_PAYMENT, "refund": "ref_0000000000001", "cause": "asked"}

PAID_EXAMPLES: Final[tuple[FactData, ...]] = (
    wallets.PackSaved(
        pack="small",
        revision=1,
        price_asset="CNY",
        price_minor=1_200,
        asset="coin",
        amount_minor=120,
        bonus_minor=10,
        on_sale=True,
        valid_until=_AT,
    ),
    wallets.TopupPolicySaved(revision=1, asset="coin", clawback="debt", debt_limit_minor=500),
    wallets.TopupOrdered(**_DUE, pack="small", pack_revision=1, topup_asset="coin", topup_minor=120),
    wallets.TopupCredited(
        viewer="v1",
        due=7,
        payment="pay_0000000000001",
        pack="small",
        pack_revision=1,
        asset="coin",
        amount_minor=120,
        bonus_minor=10,
        paid_asset="CNY",
        paid_minor=1_200,
        repaid_minor=5,
    ),
    wallets.TopupClawedBack(
        viewer="v1",
        due=7,
        payment="pay_0000000000001",
        refund="ref_0000000000001",
        asset="coin",
        amount_minor=100,
        debt_minor=30,
    ),
    tipping.TipOrdered(**_DUE, creator="aurora", gift="rose", gift_revision=2, count=3),
    dues.DueRejected(**_RETURN, code="creator.frozen"),
    dues.DueReturned(**_RETURN, refund="ref_0000000000001", lost_minor=1),
    dues.DueKept(**_RETURN, refund="ref_0000000000001", code="wallet.insufficient"),
    dues.DueRevoked(**_RETURN, code="show.cancelled"),
    payments.ChannelAccountSaved(
        account="acc_0000000000001",
        channel="wechat",
        revision=2,
        enabled=True,
        priority=1,
        secrets_changed=True,
    ),
    payments.PaymentPolicySaved(revision=1, asset="CNY", review_above_minor=10_000),
    payments.PaymentOpened(**_PAYMENT, expires_at=_AT),
    payments.PaymentAttempted(**_PAYMENT, **_AT_CHANNEL, method="native", number="P000000000001A01"),
    payments.AttemptFailed(**_PAYMENT, **_AT_CHANNEL, method="native", code="NOAUTH"),
    payments.PaymentNotified(
        **_AT_CHANNEL,
        source="callback",
        told="paid",
        number="P000000000001A01",
        payment="pay_0000000000001",
        transaction="4200000263201902167700134212",
        asset="CNY",
        amount_minor=1_200,
        happened_at=_AT,
        instrument_hash="ab" * 32,
    ),
    payments.PaymentSucceeded(**_PAYMENT, **_AT_CHANNEL, method="native", transaction="4200000263"),
    payments.PaymentSurplus(
        **_PAYMENT, **_AT_CHANNEL, transaction="4200000264", cause="late", refund="ref_0000000000001"
    ),
    payments.PaymentFailed(**_PAYMENT, code="NOAUTH"),
    payments.PaymentClosed(**_PAYMENT, cause="deadline"),
    payments.RefundRequested(**_REFUND, maker="staff/s1", review=True, reason_hash="ab" * 32),
    payments.RefundApproved(**_REFUND, paid_minor=1_200, refunded_before_minor=0, checker="staff/s2"),
    payments.RefundRejected(**_REFUND, code="refund.refused", checker="staff/s2"),
    payments.RefundFailed(**_REFUND, code="NOT_ENOUGH"),
    payments.RefundRetried(**_REFUND, maker="staff/stf_1", retry=1),
    payments.PaymentRefunded(
        **_REFUND, channel="wechat", account="acc_0000000000001", paid_minor=1_200, refunded_minor=1_200
    ),
    payments.RefundUndone(
        **_REFUND, channel="stripe", account="acc_0000000000001", code="lost_or_stolen_card", refunded_minor=0
    ),
    payments.PaymentAlerted(
        channel="wechat",
        method="native",
        starts_at=_AT,
        ends_at=_AT,
        attempted=40,
        succeeded=12,
        rate_basis_points=3_000,
        day_before_basis_points=9_100,
    ),
    bills.BillRequested(account="acc_0000000000001", day=_DAY),
    bills.BillImported(
        **_BILL,
        bill="trade",
        revision=1,
        bill_hash="ab" * 32,
        lines=2,
        sums=(bills.BillSum(asset="CNY", payments_minor=1_200, fees_minor=7, fees_posted_minor=7),),
    ),
    bills.BillRefused(**_BILL, reconciliation="rcn_0000000000001", bill="funds", line=7),
    bills.BillMissing(**_BILL, reconciliation="rcn_0000000000001", alone=3, opened=2),
    bills.BillReconciled(
        **_BILL, reconciliation="rcn_0000000000001", lines=10, matched=9, missing_here=1, opened=1
    ),
    bills.ExceptionChanged(exception="exc_0000000000001", assignee="ann", note_hash="ab" * 32),
    bills.ExceptionResolved(
        exception="exc_0000000000001",
        account="acc_0000000000001",
        day=_DAY,
        difference="amount_differs",
        resolution="written_off",
        asset="CNY",
        ours_minor=1_200,
        theirs_minor=1_199,
        note_hash="ab" * 32,
    ),
)
