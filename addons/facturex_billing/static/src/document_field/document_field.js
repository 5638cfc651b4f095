import { Component, onMounted, onWillUnmount, useRef } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const PAPER = 800; // pixels of the width that the reports are drawn for

/** A whole HTML document on its sheet of paper, made smaller where the screen is. */
export class DocumentField extends Component {
    static template = "facturex_billing.DocumentField";
    static props = { ...standardFieldProps };

    setup() {
        this.box = useRef("box");
        this.frame = useRef("frame");
        this.label = _t("The document as your customer will see it");
        this.fit = this.fit.bind(this);
        onMounted(() => {
            this.observer = new ResizeObserver(this.fit);
            this.observer.observe(this.box.el);
        });
        onWillUnmount(() => this.observer.disconnect());
    }

    get document() {
        return this.props.record.data[this.props.name] || "";
    }

    fit() {
        const page = this.frame.el?.contentDocument?.body;
        if (!page) {
            return;
        }
        const scale = Math.min(1, this.box.el.clientWidth / PAPER);
        const height = Math.max(page.scrollHeight, 300);
        Object.assign(this.frame.el.style, {
            width: `${scale < 1 ? PAPER : this.box.el.clientWidth}px`,
            height: `${height}px`,
            transform: `scale(${scale})`,
        });
        this.box.el.style.height = `${Math.ceil(height * scale)}px`;
    }
}

registry.category("fields").add("facturex_document", {
    component: DocumentField,
    displayName: _t("Document"),
    supportedTypes: ["text", "html"],
});
