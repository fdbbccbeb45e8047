// Reads what the tests sent to their Discord and has each message, component, embed, form and command checked by the builders of
// Discord's JavaScript library (@discordjs/builders). « make discord-payloads » runs it; it needs Node and, the first time, the
// npm registry.
import { readFileSync } from 'node:fs'
import {
  ActionRowBuilder, ContextMenuCommandAssertions, EmbedAssertions, ModalBuilder, SlashCommandAssertions, TextInputAssertions, ComponentAssertions, createComponentBuilder,
} from '@discordjs/builders'

let checked = 0
const wrong = []
const check = (what, value, assert) => {
  checked++
  try {
    assert(value)
  } catch (e) {
    wrong.push(`${what} : ${e.message ?? e} dans ${JSON.stringify(value).slice(0, 300)}`)
  }
}
const limit = (what, text, most) => check(what, text, (t) => { if ([...(t ?? '')].length > most) throw new Error(`${[...t].length} caractères, ${most} au plus`) })

function embeds(list) {
  check('nombre d’encarts', list, (l) => { if (l.length > 10) throw new Error(`${l.length} encarts`) })
  let total = 0
  for (const e of list) {
    check('titre', e.title ?? null, (v) => EmbedAssertions.titlePredicate.parse(v))
    check('description', e.description ?? null, (v) => EmbedAssertions.descriptionPredicate.parse(v))
    check('adresse', e.url ?? null, (v) => EmbedAssertions.urlPredicate.parse(v))
    check('pied', e.footer?.text ?? null, (v) => EmbedAssertions.footerTextPredicate.parse(v))
    if (e.fields) check('champs', e.fields, (v) => { EmbedAssertions.embedFieldsArrayPredicate.parse(v); EmbedAssertions.validateFieldLength(v.length) })
    for (const part of [e.title, e.description, e.footer?.text, e.author?.name, ...(e.fields ?? []).flatMap((f) => [f.name, f.value])]) total += [...(part ?? '')].length
  }
  check('longueur des encarts', total, (t) => { if (t > 6000) throw new Error(`${t} caractères`) })
}

function components(rows) {
  check('nombre de rangées', rows, (r) => { if (r.length > 5) throw new Error(`${r.length} rangées`) })
  for (const row of rows) {
    check('rangée', row, (r) => new ActionRowBuilder(r).toJSON())
    for (const c of row.components) {
      check('élément', c, (v) => createComponentBuilder(v).toJSON())
      if (c.custom_id) check('identifiant', c.custom_id, (v) => ComponentAssertions.customIdValidator.parse(v))
      if (c.type === 2 && c.label) check('bouton', c.label, (v) => ComponentAssertions.buttonLabelValidator.parse(v))
      if (c.type === 3) for (const o of c.options) check('choix', o, (v) => ComponentAssertions.jsonOptionValidator.parse(v))
      if (c.type === 4) check('champ de saisie', c, (v) => TextInputAssertions.validateRequiredParameters(v.custom_id, v.style, v.label))
    }
  }
}

function message(m) {
  limit('texte', m.content, 2000)
  check('mentions', m.allowed_mentions ?? { parse: [] }, (v) => { if (v.parse?.length) throw new Error('des mentions sont lues') })
  if (m.content) check('mentions tues', m, (v) => { if (!v.allowed_mentions) throw new Error('allowed_mentions manque') })
  if (m.embeds) embeds(m.embeds)
  if (m.components) components(m.components)
}

function command(c) {
  if (c.type === undefined || c.type === 1) {
    check('commande', c, (v) => { SlashCommandAssertions.validateRequiredParameters(v.name, v.description, v.options ?? []); SlashCommandAssertions.validateMaxOptionsLength(v.options ?? []) })
    for (const o of c.options ?? []) command({ ...o, type: 1 })
  } else {
    check('menu', c, (v) => ContextMenuCommandAssertions.validateRequiredParameters(v.name, v.type))
  }
}

for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const { call, body } = JSON.parse(line)
  if (call.startsWith('PUT /applications')) body.forEach(command)
  else if (call.endsWith('/threads')) limit('fil', body.name, 100)
  else if (call.endsWith('/callback') && body.type === 9) {
    check('formulaire', body.data, (v) => new ModalBuilder(v).toJSON())
    components(body.data.components)
  } else if (call.endsWith('/callback') && body.data) message(body.data)
  else if (/messages|webhooks/.test(call)) message(body)
}
wrong.slice(0, 20).forEach((w) => console.error(w))
console.log(`${checked} vérifications, ${wrong.length} faute(s) selon @discordjs/builders`)
process.exit(wrong.length > 0 || checked < 100 ? 1 : 0)
