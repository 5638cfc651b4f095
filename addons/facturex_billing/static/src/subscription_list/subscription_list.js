import { onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

// The list of subscriptions with what they are worth above it; a click opens the page.
export class SubscriptionListController extends ListController {
    static template = "facturex_billing.SubscriptionListView";

    setup() {
        super.setup();
        this.facturexOrm = useService("orm");
        this.facturexAction = useService("action");
        this.facturex = useState({ figures: [] });
        onWillStart(async () => {
            this.facturex.figures = await this.facturexOrm.call(
                "facturex.subscription",
                "get_figures",
                []
            );
        });
    }

    openFigures() {
        this.facturexAction.doAction(
            "facturex_billing.facturex_subscription_figures_action"
        );
    }
}

registry.category("views").add("facturex_subscription_list", {
    ...listView,
    Controller: SubscriptionListController,
});
