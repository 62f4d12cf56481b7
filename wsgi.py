"""create_app(): the one place that knows every face; `python wsgi.py` serves it."""

from __future__ import annotations

import gc
from pathlib import Path

from apiflask import APIFlask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from config import static
from config.http import make_app
from config.logs import set_up
from config.settings import ROOT, settings
from config.wechat import health as wechat_health
from config.wechat.commands import reset_wechat_quota
from mall.commands import order_pages, wechat_check
from mall.http import (
    addresses,
    browse,
    callbacks,
    card,
    events,
    favourites,
    following,
    groups,
    me,
    orders,
    parcels,
    photos,
    privacy,
    profile,
    pushes,
    recommended,
    scene,
    tier,
)
from mall.http import aftersales as mall_aftersales
from mall.http import coupons as mall_coupons
from mall.http import invoices as mall_invoices
from mall.http import messages as mall_messages
from mall.http import service as mall_service
from mall.http import wallet as mall_wallet
from member.coupons.commands import campaigns
from member.reach import read as message_metrics
from pos.http import (
    aftersales,
    approving,
    behaviour,
    catalogue,
    channels,
    counts,
    credits,
    deliveries,
    desk,
    desk_changes,
    desk_courier,
    desk_messages,
    desk_pickup,
    desk_waves,
    drawer,
    e_receipt,
    elsewhere,
    exceptions,
    exchanging,
    finding,
    freight,
    group_offers,
    held,
    hints,
    intake,
    invoicing,
    kits,
    labels,
    matching,
    member_cards,
    members,
    partners,
    payments,
    price_books,
    promotions,
    receipts,
    recommending,
    returning,
    routing,
    rules,
    sale,
    scene_codes,
    segments,
    service,
    shifts,
    signing_in,
    simulations,
    statements,
    stock,
    sync,
    talks,
    tickets,
    tiers,
    top_ups,
    transfers,
    unknown_codes,
    wallet_rules,
)
from pos.http import coupons as till_coupons
from trade.books import metrics as book_metrics
from trade.books.commands import prove
from trade.exceptions import metrics as exception_metrics
from trade.exceptions.commands import desk as exceptions_command
from trade.orders.intake import metrics as intake_metrics
from trade.orders.review import metrics as review_metrics
from trade.orders.shipping import metrics as shipping_metrics
from trade.payments import metrics as payment_metrics
from trade.stock import metrics as stock_metrics
from trade.stock.channels import metrics as channel_metrics

VERSION = "0.1.0"
BUILDS = {"till": ROOT / "dist/till", "desk": ROOT / "dist/desk", "mall": ROOT / "mall/miniapp/dist/build/h5"}


def create_app() -> APIFlask:
    """The web application with every face, ready to serve."""
    set_up(settings().log_level)
    app = make_app("Tongdian", VERSION)
    for face in (
        signing_in.staff_bp,
        signing_in.bp,
        shifts.bp,
        sale.bp,
        elsewhere.bp,
        payments.bp,
        rules.bp,
        catalogue.bp,
        member_cards.bp,
        sync.bp,
        approving.bp,
        held.bp,
        tickets.bp,
        members.bp,
        hints.bp,
        returning.bp,
        till_coupons.bp,
        top_ups.bp,
        statements.bp,
        matching.bp,
        credits.bp,
        wallet_rules.bp,
        desk.bp,
        intake.bp,
        desk_pickup.bp,
        desk_changes.bp,
        desk_messages.bp,
        desk_courier.bp,
        desk_waves.bp,
        scene_codes.bp,
        aftersales.bp,
        exceptions.bp,
        exchanging.bp,
        finding.bp,
        segments.bp,
        tiers.bp,
        promotions.bp,
        group_offers.bp,
        service.bp,
        receipts.bp,
        receipts.returned_bp,
        receipts.parcel_bp,
        drawer.bp,
        e_receipt.bp,
        invoicing.bp,
        simulations.bp,
        freight.bp,
        routing.bp,
        labels.bp,
        unknown_codes.bp,
        price_books.bp,
        stock.bp,
        transfers.bp,
        deliveries.bp,
        counts.bp,
        kits.bp,
        channels.bp,
        partners.bp,
        talks.bp,
        behaviour.bp,
        recommending.bp,
        browse.bp,
        recommended.bp,
        me.bp,
        card.bp,
        privacy.bp,
        mall_messages.bp,
        mall_invoices.bp,
        mall_service.bp,
        profile.bp,
        tier.bp,
        mall_wallet.bp,
        mall_coupons.bp,
        orders.bp,
        groups.bp,
        mall_aftersales.bp,
        scene.bp,
        addresses.bp,
        favourites.bp,
        events.bp,
        parcels.bp,
        photos.bp,
        callbacks.bp,
        pushes.bp,
        following.bp,
    ):
        app.register_blueprint(face)
    for metrics in (
        book_metrics,
        message_metrics,
        exception_metrics,
        review_metrics,
        payment_metrics,
        channel_metrics,
        stock_metrics,
        intake_metrics,
        shipping_metrics,
        wechat_health,
    ):
        metrics.FIGURES.register()
    for command in (prove, exceptions_command, campaigns, order_pages, reset_wechat_quota, wechat_check):
        app.cli.add_command(command)
    for name, folder in BUILDS.items():
        static.serve(app, name, f"/{name}", folder)
    static.serve(app, "pictures", "/pictures", Path(settings().var_dir) / "pictures", single_page=False)
    gc.freeze()  # what was loaded stays: the collector need not walk it again with every request
    return app


def serve() -> None:
    """Serve until a signal comes; `WEB_WORKERS` processes of `WEB_THREADS` threads on `HOST`:`PORT`.

    The application is made before the workers are forked, so that they share its memory: 157 instead of 202 MiB
    for two.  Nothing may connect before the fork.  New code therefore needs a restart, not a HUP.
    """
    given = settings()
    app = create_app()
    Granian(
        "wsgi:create_app",
        address=given.host,
        port=given.port,
        interface=Interfaces.WSGI,
        workers=given.web_workers,
        blocking_threads=given.web_threads,
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
    ).serve(target_loader=lambda: app, wrap_loader=False)


if __name__ == "__main__":
    serve()
