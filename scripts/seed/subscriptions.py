"""A handful of subscriptions per company: what the screens of the demo show.

Made by the methods of the screens, as the owner: monthly, with a yearly line, paused,
following an index, ending, upgraded. They were billed elsewhere until last month.
"""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo.fields import Command

# company -> (name of a service, monthly price)
SERVICES = {
    "be": (("Entretien des luminaires", 45.0), ("Veille d'éclairage", 28.0)),
    "fr": (("Corbeille de fruits", 39.0), ("Conseil nutrition", 24.0)),
}
YEARLY = {"be": ("Contrôle annuel", 180.0), "fr": ("Audit d'hygiène annuel", 210.0)}
# customers who pay at 30 days: nothing of theirs is late when the story ends
CUSTOMERS = {
    "be": ("be_tavelle", "be_merelwoud", "be_duinzilver", "be_kwintlijn"),
    "fr": ("fr_combelune", "fr_orselane", "fr_ardisson", "fr_panivert"),
}
CONSUMERS = {"be": "be_houtain", "fr": "fr_roussin"}
INDEX = {"be": ("Agoria", 121.10, 128.42), "fr": ("SYNTEC", 310.30, 318.20)}


def create(env, office, key, today):
    """The subscriptions of one company, running on the day of the story."""
    month = today.replace(day=1)
    first, second = (_service(env, *service) for service in SERVICES[key])
    one, two, three, four = (
        office.customers[customer].with_env(env) for customer in CUSTOMERS[key]
    )
    consumer = office.customers[CONSUMERS[key]].with_env(env)

    def begin(partner, months, lines, **vals):
        start = month - relativedelta(months=months)
        subscription = env["facturex.subscription"].create(
            {
                "partner_id": partner.id,
                "date_start": start,
                "date_billed_until": month - timedelta(days=1),
                "mode": "post",
                "line_ids": [Command.create(line) for line in lines],
                **vals,
            }
        )
        subscription.action_confirm()
        return subscription

    yearly = {
        "name": YEARLY[key][0],
        "price_unit": YEARLY[key][1],
        "tax_ids": [
            Command.set(
                first.taxes_id.filtered(lambda tax: tax.company_id == env.company).ids
            )
        ],
        "own_interval": True,
        "interval_unit": "year",
        "interval_count": 1,
    }
    line = {"product_id": first.id}
    monthly = begin(one, 5, [line, {"product_id": second.id}])
    with_year = begin(two, 3, [line, yearly])
    paused = begin(three, 4, [line])
    indexed = begin(
        four,
        8,
        [line],
        price_formula_id=_formula(env, key, month).id,
        price_base_month=month - relativedelta(months=8),
    )
    tacit = begin(
        consumer,
        1,
        [{"product_id": second.id}],
        # its first invoice with us is next month's: a consumer pays at once
        date_billed_until=today + timedelta(days=20),
        term_type="tacit",
        term_months=12,
        notice_days=31,
    )
    _change(env, monthly, 1.15)
    env["facturex.subscription.change"].create(
        {"subscription_id": paused.id, "kind": "pause"}
    ).action_apply()
    return monthly | with_year | paused | indexed | tacit


def _service(env, name, price):
    return env["product.product"].create(
        {
            "name": name,
            "type": "service",
            "list_price": price,
            "facturex_plan_id": env.ref("facturex_billing.plan_monthly").id,
        }
    )


def _formula(env, key, month):
    """Configuration is the manager's; the owner of the demo is one."""
    name, base, last = INDEX[key]
    company = env.company
    index = env["facturex.price.index"].create(
        {
            "name": name,
            "company_id": company.id,
            "source": f"{name}, valeurs de démonstration",
            "value_ids": [
                Command.create(
                    {
                        "month": month - relativedelta(months=8 - step),
                        "value": round(base + (last - base) * step / 8, 2),
                    }
                )
                for step in range(9)
            ],
        }
    )
    return env["facturex.price.formula"].create(
        {"name": f"{name}, 80 %", "index_id": index.id, "company_id": company.id}
    )


def _change(env, subscription, factor):
    """A dearer line from the next period on."""
    line = subscription.line_ids[0]
    env["facturex.subscription.change"].create(
        {
            "subscription_id": subscription.id,
            "kind": "lines",
            "when": "next",
            "line_ids": [
                Command.create(
                    {
                        "line_id": line.id,
                        "price_unit": round(line.price_unit * factor, 2),
                    }
                )
            ],
        }
    ).action_apply()
