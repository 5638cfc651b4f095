import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { browser } from "@web/core/browser/browser";
import { cookie } from "@web/core/browser/cookie";
import { rpcErrorHandler } from "@web/core/errors/error_handlers";
import { _t } from "@web/core/l10n/translation";
import { rpc, RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { session } from "@web/session";

/** Refused because a role ended since the page was loaded? Say so, and lead on. */
async function explain(env, error, originalError) {
    let running = null;
    try {
        running = await rpc("/facturex/companies", {}, { silent: true });
    } catch {
        // the session itself is over, or the server away: the usual words fit
    }
    const ended = user.activeCompanies.filter(
        (company) => running && !running.includes(company.id)
    );
    if (!ended.length) {
        return rpcErrorHandler(env, error, originalError);
    }
    const others = user.activeCompanies.filter((company) => !ended.includes(company));
    env.services.dialog.add(
        ConfirmationDialog,
        {
            title: _t("Your role has ended"),
            body: _t(
                "You have no role any more in %s. The page is loaded again without it.",
                ended.map((company) => company.name).join(", ")
            ),
            confirmLabel: _t("Go on"),
            confirm: () => {
                const ids = others.length ? others.map((company) => company.id) : running;
                cookie.set("cids", ids.slice(0, others.length || 1).join("-"));
                browser.location.assign("/odoo");
            },
        },
        {}
    );
}

function roleEndedHandler(env, error, originalError) {
    if (
        !session.facturex_caps ||
        !(originalError instanceof RPCError) ||
        originalError.exceptionName !== "odoo.exceptions.AccessError" ||
        !error.unhandledRejectionEvent
    ) {
        return false;
    }
    error.unhandledRejectionEvent.preventDefault();
    explain(env, error, originalError);
    return true;
}

registry
    .category("error_handlers")
    .add("facturex_portal.roleEndedHandler", roleEndedHandler, { sequence: 90 });
