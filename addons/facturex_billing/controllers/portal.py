from odoo import http
from odoo.http import request

from odoo.addons.sale.controllers.portal import CustomerPortal


class QuotePortal(CustomerPortal):
    @http.route()
    def portal_quote_accept(
        self, order_id, access_token=None, name=None, signature=None
    ):
        """Odoo signs and prints; what it printed becomes the proof."""
        result = super().portal_quote_accept(
            order_id, access_token=access_token, name=name, signature=signature
        )
        if result.get("force_refresh"):
            token = access_token or request.httprequest.args.get("access_token")
            order_sudo = self._document_check_access("sale.order", order_id, token)
            document = order_sudo.message_ids.attachment_ids.sorted("id").filtered(
                lambda attachment: attachment.name == f"{order_sudo.name}.pdf"
            )[-1:]
            order_sudo._facturex_record_signature(
                document.raw,
                request.env.user,
                request.httprequest.remote_addr,
                request.httprequest.user_agent.string[:500],
            )
        return result
