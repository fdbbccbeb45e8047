"""Makes the files of this folder: pip install reportlab python-docx openpyxl pillow, and LibreOffice for the ODT.

What they say is invented."""

import datetime
import os
import subprocess
import zipfile

import openpyxl
from docx import Document
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import BaseDocTemplate, Frame, ListFlowable, ListItem, PageTemplate, Paragraph, Table
from reportlab.pdfgen.canvas import Canvas

styles = getSampleStyleSheet()
text = styles["BodyText"]


def margins(canvas, doc):
    canvas.setFont("Helvetica", 8)
    canvas.drawString(50, 815, "Guide fictif des aides – édition d'essai")
    canvas.drawCentredString(297, 25, f"Page {doc.page}")


guide = BaseDocTemplate("colonnes.pdf", pagesize=A4, title="Guide fictif", invariant=1)
guide.addPageTemplates([PageTemplate(id="two", frames=[Frame(50, 50, 235, 750), Frame(310, 50, 235, 750)], onPage=margins)])
story = [Paragraph("Guide fictif des aides", styles["Title"])]
for i in range(1, 9):
    story += [
        Paragraph(f"Chapitre {i} : l'aide Houblon {i}", styles["Heading2"]),
        Paragraph(f"L'aide Houblon {i} finance jusqu'à {10 + 5 * i} % de l'achat d'un séchoir, avec un plafond de {7 * i} 000 euros. "
                  "Elle s'adresse aux coopératives brassicoles de moins de cinquante salariés qui s'engagent à maintenir leur activité "
                  "pendant cinq années au moins.", text),
        Paragraph("Le dossier est déposé auprès du service instructeur avant le commencement des travaux. Il comprend :", text),
        ListFlowable([ListItem(Paragraph(t, text)) for t in (
            "un devis de moins de trois mois,", "le dernier bilan de la coopérative, accompagné du compte de résultat et de l'annexe,")], bulletType="bullet"),
        Paragraph(f"La décision est notifiée dans un délai de {i + 3} semaines. En l'absence de réponse, la demande est réputée rejetée.", text),
        Table([["Taille", "Taux", "Plafond"], ["TPE", f"{10 + 5 * i} %", f"{7 * i} 000 €"], ["PME", f"{5 + 5 * i} %", f"{9 * i} 000 €"]]),
    ]
guide.build(story)

Image.new("L", (60, 80), 200).save("numerise.png")
scan = Canvas("numerise.pdf", pagesize=A4, invariant=1)
for _ in range(2):
    scan.drawImage("numerise.png", 0, 0, 595, 842)
    scan.showPage()
scan.save()
os.remove("numerise.png")

d = Document()
d.core_properties.title = "Titre des propriétés"
d.core_properties.modified = datetime.datetime(2026, 3, 4)
d.add_heading("Règlement fictif de l'aide Lin", 0)
d.add_paragraph("L'aide Lin finance 45 % de l'achat d'une teilleuse, dans la limite de 30 000 euros.")
d.add_heading("Bénéficiaires", 1)
d.add_paragraph("Sont éligibles :")
d.add_paragraph("les liniculteurs installés depuis deux ans,", style="List Bullet")
d.add_paragraph("les coopératives de teillage.", style="List Bullet")
d.add_heading("Calendrier", 1)
t = d.add_table(rows=0, cols=3)
for row in (("Étape", "Date", "Service"), ("Dépôt", "15 janvier 2027", "Accueil fictif"), ("Instruction", "1er mars 2027", "Service fictif")):
    for cell, value in zip(t.add_row().cells, row):
        cell.text = value
d.add_heading("Versement", 2)
d.add_paragraph("Le solde est versé sur facture acquittée.")
d.save("whole.docx")
with zipfile.ZipFile("whole.docx") as whole, zipfile.ZipFile("reglement.docx", "w", zipfile.ZIP_DEFLATED) as small:
    for part in whole.namelist():
        if "thumbnail" not in part:
            small.writestr(part, whole.read(part))
os.remove("whole.docx")
subprocess.run(["soffice", "--headless", "--convert-to", "odt", "reglement.docx"], check=True)

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "Aides"
sheet.append(["Aide", "Ouverture", "Clôture", "Heure", "Taux", "Plafond", "Note", "Active"])
sheet.append(["Aide Osier", datetime.date(2026, 3, 5), datetime.datetime(2026, 12, 31, 18, 30), datetime.time(9, 5), 0.35, 12500.5, 0.1 + 0.2, True])
sheet.append(["Aide Cidre", datetime.date(1900, 2, 1), datetime.date(2025, 6, 30), datetime.time(14, 0), 0.125, 1000000, 2024, False])
for row, formats in ((2, ("m/d/yy", "dd/mm/yyyy hh:mm", "h:mm", "0%", '#,##0.00 "€"')), (3, ("d-mmm-yy", "yyyy-mm-dd", "hh:mm:ss", "0.0%", "#,##0 [$€-40C]"))):
    for column, code in enumerate(formats, 2):
        sheet.cell(row, column).number_format = code
contacts = book.create_sheet("Contacts")
contacts.append(["Service", "Bureau"])
contacts.append(["Accueil fictif", 12])
hidden = book.create_sheet("Secret")
hidden.append(["ne doit pas être lu"])
hidden.sheet_state = "hidden"
book.properties.modified = datetime.datetime(2026, 3, 4)
book.save("aides.xlsx")
