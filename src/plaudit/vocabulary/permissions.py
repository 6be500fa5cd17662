"""Permissions (scopes): what a key or a staff member may be allowed to do, one sentence each."""

from typing import Final

_SENTENCES: Final[tuple[tuple[str, str, str], ...]] = (
    (
        "access.read",
        "Ask who may watch a show, and get the tokens and addresses to watch it.",
        "查询观众能否观看演出，并获取观看凭证与地址。",
    ),
    (
        "access.write",
        "Keep media servers and their secrets, and end sessions.",
        "维护流媒体服务器及其密钥，终止观看会话。",
    ),
    (
        "account.freeze",
        "Freeze an account or release it.",
        "冻结账户或解除冻结。",
    ),
    (
        "adjustment.check",
        "Approve or reject an adjustment that someone else made.",
        "批准或驳回他人提出的调账。",
    ),
    (
        "adjustment.make",
        "Request an adjustment of an account.",
        "提出对账户的调账申请。",
    ),
    (
        "campaign.check",
        "Approve or reject a campaign or a budget that someone else made.",
        "批准或驳回他人提交的活动或预算。",
    ),
    (
        "campaign.read",
        "Read campaigns, their figures, and why a reward was given or not.",
        "读取活动、其数据，以及发放或未发放奖励的原因。",
    ),
    (
        "campaign.write",
        "Make campaigns, ask for budgets, pause, resume and end.",
        "制定活动、申请预算，暂停、恢复与终止活动。",
    ),
    (
        "catalogue.read",
        "Read creators, gifts, terms and the tipping policy.",
        "读取主播、礼物、分成条款与打赏规则。",
    ),
    (
        "channel.read",
        "Read merchant accounts, their health and the figures of payments.",
        "读取商户账号、其健康状况与支付数据。",
    ),
    (
        "channel.write",
        "Keep merchant accounts at payment channels, their secrets and the payment policy.",
        "维护支付渠道的商户账号、密钥与支付规则。",
    ),
    (
        "creator.write",
        "Register creators and change their guild and terms.",
        "登记主播，修改其公会与分成条款。",
    ),
    (
        "facts.read",
        "Read the journal of facts and the state of its subscriptions.",
        "读取事实日志及其订阅状态。",
    ),
    (
        "gift.write",
        "Change the gift catalogue and the tipping policy.",
        "修改礼物目录与打赏规则。",
    ),
    (
        "import",
        "Record what happened earlier, with its own time.",
        "补录过去发生的事件，并指定其发生时间。",
    ),
    (
        "inbox.read",
        "Read a viewer's inbox and change its preferences.",
        "读取观众的站内信并修改其通知偏好。",
    ),
    (
        "insight.read",
        "Read funnels and the figures of sales.",
        "读取转化漏斗与销售数据。",
    ),
    (
        "insight.track",
        "Tell of page views and clicks.",
        "上报页面浏览与点击。",
    ),
    (
        "invitation.read",
        "Read invitations and what they earned.",
        "读取邀请及其奖励。",
    ),
    (
        "invitation.write",
        "Change the rules of invitations.",
        "修改邀请规则。",
    ),
    (
        "keys.write",
        "Create and revoke API keys and token keys.",
        "创建和吊销 API 密钥与令牌密钥。",
    ),
    (
        "ledger.read",
        "Read any account and its entries.",
        "读取任意账户及其分录。",
    ),
    (
        "message.screen",
        "Keep the word list that messages are screened by.",
        "维护留言审核所用的词表。",
    ),
    (
        "notification.read",
        "Read the deliveries of messages, templates, webhooks and the mail server.",
        "读取消息的投递记录、模板、Webhook 与邮件服务器。",
    ),
    (
        "notification.write",
        "Keep message templates, webhooks and the mail server.",
        "维护消息模板、Webhook 与邮件服务器。",
    ),
    (
        "pack.write",
        "Change top-up packs and the policy of their refunds.",
        "修改充值套餐及其退款规则。",
    ),
    (
        "payment.open",
        "Open a payment for an amount due and choose its channel.",
        "为应付款项发起支付并选择渠道。",
    ),
    (
        "payment.read",
        "Read payments and refunds.",
        "读取支付与退款。",
    ),
    (
        "reconciliation.read",
        "Read reconciliations and their exceptions.",
        "读取对账结果与差异。",
    ),
    (
        "reconciliation.write",
        "Run reconciliations and resolve their exceptions.",
        "执行对账并处理差异。",
    ),
    (
        "refund.check",
        "Approve or reject a refund that someone else asked for.",
        "批准或驳回他人提出的退款。",
    ),
    (
        "refund.make",
        "Ask for a refund of a payment.",
        "提出对一笔支付的退款。",
    ),
    (
        "reward.read",
        "Read what campaigns gave a viewer, and how far he has come.",
        "读取活动发给观众的奖励及其进度。",
    ),
    (
        "show.read",
        "Read drafts, orders and the figures of shows.",
        "读取演出草稿、订单与销售数据。",
    ),
    (
        "show.settle",
        "Cancel a show, refunding everybody, and settle one that has ended.",
        "取消演出并全额退款，结算已结束的演出。",
    ),
    (
        "show.write",
        "Announce shows, change their pages, offers and codes.",
        "发布演出，修改其页面、票档与兑换码。",
    ),
    (
        "staff.write",
        "Register staff members and revoke them.",
        "登记员工，撤销其权限。",
    ),
    (
        "switch.write",
        "Switch the tenant, a feature or a single thing off and on.",
        "关闭或开启租户、功能或单个对象。",
    ),
    (
        "terms.write",
        "Change the terms by which tips are split.",
        "修改打赏的分成条款。",
    ),
    (
        "ticket.order",
        "Order tickets on behalf of a viewer.",
        "代观众下单购票。",
    ),
    (
        "ticket.read",
        "Read orders and tickets.",
        "读取订单与门票。",
    ),
    (
        "ticket.transfer",
        "Hand a viewer's ticket on to another viewer.",
        "代观众转让门票。",
    ),
    (
        "tip.read",
        "Read tips and their totals.",
        "读取打赏及其汇总。",
    ),
    (
        "tip.reverse",
        "Reverse a tip in whole or in part.",
        "全部或部分撤销一笔打赏。",
    ),
    (
        "tip.send",
        "Send a tip on behalf of a viewer.",
        "代观众发出打赏。",
    ),
    (
        "topup.order",
        "Order a top-up pack on behalf of a viewer.",
        "代观众下单充值套餐。",
    ),
    (
        "viewer.describe",
        "Say what level and tags a viewer has.",
        "设置观众的等级与标签。",
    ),
    (
        "viewer.erase",
        "Erase what is personal about a viewer.",
        "抹除观众的个人信息。",
    ),
    (
        "wallet.credit",
        "Credit a viewer's wallet.",
        "为观众钱包入账。",
    ),
    (
        "wallet.read",
        "Read a viewer's wallet and its entries.",
        "读取观众钱包及其分录。",
    ),
)

PERMISSIONS: Final[dict[str, str]] = {name: sentence_en for name, sentence_en, _ in _SENTENCES}
"""Each permission with what it allows, in English."""

PERMISSIONS_ZH: Final[dict[str, str]] = {name: sentence_zh for name, _, sentence_zh in _SENTENCES}
"""Each permission with what it allows, in Chinese."""
