import { Component, onWillStart, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useNestedSortable } from "@web/core/utils/nested_sortable";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** The categories of products as a tree: open, count, drag, or move by keyboard. */
export class CategoryTree extends Component {
    static template = "facturex_billing.CategoryTree";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.root = useRef("tree");
        this.state = useState({ roots: [], closed: {}, said: "" });
        this.display = { controlPanel: {} };
        onWillStart(async () => {
            this.show(await this.orm.call("product.category", "facturex_tree", []));
        });
        useNestedSortable({
            ref: this.root,
            handle: ".o_facturex_handle",
            nest: true,
            nestInterval: 24,
            useElementSize: false,
            onDrop: ({ element, parent, next }) =>
                this.move(this.idOf(element), this.idOf(parent), this.idOf(next)),
        });
    }

    idOf(element) {
        return element ? Number(element.dataset.categoryId) : false;
    }

    /** Nodes in the order of the server, each below its parent. */
    show(rows) {
        this.nodes = new Map(rows.map((row) => [row.id, { ...row, children: [] }]));
        const roots = [];
        for (const node of this.nodes.values()) {
            const parent = this.nodes.get(node.parent);
            (parent ? parent.children : roots).push(node);
        }
        for (const node of [...this.nodes.values()].reverse()) {
            node.total = node.count;
        }
        const add = (node) => {
            node.total = node.children.reduce((sum, child) => sum + add(child), node.count);
            return node.total;
        };
        roots.forEach(add);
        this.state.roots = roots;
    }

    toggle(node) {
        this.state.closed[node.id] = !this.state.closed[node.id];
    }

    async move(id, parentId, beforeId) {
        this.show(
            await this.orm.call("product.category", "facturex_move", [id, parentId, beforeId])
        );
        this.state.said = _t("%s was moved.", this.nodes.get(id).name);
    }

    sisters(node) {
        const parent = this.nodes.get(node.parent);
        return parent ? parent.children : this.state.roots;
    }

    /** Alt and an arrow move the focused category: up, down, in, out. */
    async onKeydown(ev, node) {
        if (!ev.altKey || !ev.key.startsWith("Arrow")) {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
        const sisters = this.sisters(node);
        const place = sisters.findIndex((sister) => sister.id === node.id);
        const parent = this.nodes.get(node.parent);
        if (ev.key === "ArrowUp" && place > 0) {
            await this.move(node.id, node.parent, sisters[place - 1].id);
        } else if (ev.key === "ArrowDown" && place < sisters.length - 1) {
            await this.move(node.id, node.parent, sisters[place + 2]?.id || false);
        } else if (ev.key === "ArrowRight" && place > 0) {
            await this.move(node.id, sisters[place - 1].id, false);
        } else if (ev.key === "ArrowLeft" && parent) {
            const aunts = this.sisters(parent);
            const after = aunts[aunts.findIndex((aunt) => aunt.id === parent.id) + 1];
            await this.move(node.id, parent.parent, after?.id || false);
        } else {
            return;
        }
        const selector = `[data-category-id="${node.id}"] > div .o_facturex_handle`;
        this.root.el.querySelector(selector)?.focus();
    }

    openProducts(node) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: node.name,
            res_model: "product.template",
            views: [
                [false, "kanban"],
                [false, "list"],
                [false, "form"],
            ],
            domain: [
                ["categ_id", "child_of", node.id],
                ["sale_ok", "=", true],
            ],
            context: { default_categ_id: node.id, default_sale_ok: true },
        });
    }
}

registry.category("actions").add("facturex_category_tree", CategoryTree);
