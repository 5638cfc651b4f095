"""The accountant's house of the demo: the firm asks, the owners accept, work begins."""

import base64
import io
from datetime import timedelta

from PIL import Image, ImageDraw

from odoo.fields import Command

from scripts.seed import dataset

# what the owner of each company is asked: subject, kind, folder of the answer
REQUESTS = {
    "be": ("Contrat de leasing de la camionnette", "document", "contracts"),
    "fr": ("À quoi correspond cette ligne bancaire ?", "question", None),
}
ANSWER = "C'est le remboursement d'un achat payé avec ma carte personnelle."
# company -> documents of its owner: folder, name
PAPERS = {
    "be": (
        ("contracts", "Bail de l'atelier"),
        ("payroll", "Fiche de paie d'octobre"),
    ),
    "fr": (("contracts", "Contrat d'assurance"),),
}


def open_house(story):
    """The firm's dossiers on both companies; returns them by the company's key."""
    env, office = story.env, story.office
    leader, colleague = (office.users[one.key] for one in dataset.FIRM.collaborators)
    firm = (
        env["facturex.firm"]
        .with_context(lang=dataset.FIRM.lang)
        .create(
            {
                "name": dataset.FIRM.name,
                "email": dataset.FIRM.email,
                "lang": dataset.FIRM.lang,
                "plan_id": env.ref("facturex_portal.plan_firm").id,
                "manager_ids": [Command.link(leader.id)],
                "user_ids": [Command.set((leader | colleague).ids)],
            }
        )
    )
    dossiers = {}
    for key, company in office.companies.items():
        mine = story.as_collaborator(key)
        invitation = firm.with_env(mine)._ask_link(company)
        invitation.with_env(story._as_owner(key)).action_accept()
        dossiers[key] = mine["facturex.dossier"].search(
            [("company_id", "=", company.id)]
        )
    _act(dossiers["fr"], "responsible", user_id=colleague.id)
    _act(dossiers["be"], "responsible", user_id=leader.id)
    return dossiers


def work(story, dossiers):
    """A month in the firm: it enters, locks, asks; the owners file and answer."""
    day = story.today.replace(day=1) - timedelta(1)
    last_but_one = day.replace(day=1) - timedelta(1)
    both = dossiers["be"] | dossiers["fr"].with_env(dossiers["be"].env)
    _act(both, "lock", lock_field="tax_lock_date", lock_date=last_but_one)
    for key, dossier in dossiers.items():
        dossier.action_enter()
        owner = story._as_owner(key)
        for kind, name in PAPERS[key]:
            owner["facturex.document"].create(
                {
                    "name": name,
                    "file_name": f"{name}.pdf",
                    "file": base64.b64encode(_page(name)),
                    "folder_id": owner.ref(f"facturex_portal.folder_{kind}").id,
                }
            )
        request = _ask(story, key, dossier)
        if request.kind == "question":
            request.with_env(owner).message_post(
                body=ANSWER, message_type="comment", subtype_xmlid="mail.mt_comment"
            )


def _act(dossiers, kind, **vals):
    act = (
        dossiers.env["facturex.bulk.act"]
        .with_context(active_model=dossiers._name, active_ids=dossiers.ids)
        .create({"kind": kind, **vals})
    )
    act.action_start()
    if act.refused:
        raise ValueError(", ".join(act.line_ids.mapped("message")))


def _ask(story, key, dossier):
    subject, kind, folder = REQUESTS[key]
    env = dossier.env
    line = env["account.bank.statement.line"]
    if kind == "question":
        line = line.search([("is_reconciled", "=", False)], limit=1)
    return env["facturex.request"].create(
        {
            "name": subject,
            "kind": kind,
            "dossier_id": dossier.id,
            "user_id": story.office.users[dataset.company(key).owner.key].id,
            "date_due": story.today + timedelta(7),
            "st_line_id": line.id,
            "folder_id": folder and env.ref(f"facturex_portal.folder_{folder}").id,
        }
    )


def _page(text):
    """A page with one line, as a scanner makes it."""
    picture = Image.new("RGB", (595, 842), "white")
    ImageDraw.Draw(picture).text((60, 80), text, fill="black", font_size=24)
    buffer = io.BytesIO()
    picture.save(buffer, "PDF")
    return buffer.getvalue()
