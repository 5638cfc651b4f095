import { AlertDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { browser } from "@web/core/browser/browser";
import { cookie } from "@web/core/browser/cookie";
import { rpcErrorHandler } from "@web/core/errors/error_handlers";
import { _t } from "@web/core/l10n/translation";
import { rpc, RPCError } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { session } from "@web/session";

// Once it is explained, whatever else fails on the page is of no interest any more.
let explained = false;
// One question for all the calls that are refused at once.
let asked = null;

/** Companies where the person has a role now, null when the server does not say. */
async function askRunning() {
    try {
        return await rpc("/facturex/companies", {}, { silent: true });
    } catch {
        // the session itself is over, or the server away: the usual words fit
        return null;
    } finally {
        asked = null;
    }
}

/** Refused because a role ended since the page was loaded? Say so, and lead on. */
async function explain(env, error, originalError) {
    asked ||= askRunning();
    const running = await asked;
    if (explained) {
        return;
    }
    const ended = user.activeCompanies.filter(
        (company) => running && !running.includes(company.id)
    );
    if (!ended.length) {
        return rpcErrorHandler(env, error, originalError);
    }
    explained = true;
    const others = user.activeCompanies.filter((company) => !ended.includes(company));
    const leave = () => {
        const ids = others.length ? others.map((company) => company.id) : running;
        cookie.set("cids", ids.slice(0, others.length || 1).join("-"));
        browser.location.assign("/odoo");
    };
    // what other failures put on the page meanwhile says less than this
    env.services.dialog.closeAll();
    env.services.dialog.add(
        AlertDialog,
        {
            title: _t("Your role has ended"),
            body: _t(
                "You have no role any more in %s. The page is loaded again without it.",
                ended.map((company) => company.name).join(", ")
            ),
            confirmLabel: _t("Go on"),
        },
        { onClose: leave }
    );
}

function roleEndedHandler(env, error, originalError) {
    const event = error.unhandledRejectionEvent || error.event;
    if (explained) {
        event?.preventDefault();
        return true;
    }
    if (
        !session.facturex_caps ||
        !(originalError instanceof RPCError) ||
        originalError.exceptionName !== "odoo.exceptions.AccessError" ||
        !error.unhandledRejectionEvent
    ) {
        return false;
    }
    event.preventDefault();
    explain(env, error, originalError);
    return true;
}

registry
    .category("error_handlers")
    .add("facturex_portal.roleEndedHandler", roleEndedHandler, { sequence: 2 });
