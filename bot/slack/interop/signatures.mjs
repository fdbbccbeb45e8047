// Sends the same requests, good and forged, to a guichet and to the verifier of Slack's own library (@slack/bolt), and
// compares what they say. « make slack-signatures » runs it; it needs Node and, the first time, the npm registry.
import { spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import verifier from '@slack/bolt/dist/receivers/verify-request.js'

const secret = randomBytes(16).toString('hex')
const slack = createServer((_, answer) => {
  answer.setHeader('Content-Type', 'application/json')
  answer.end(JSON.stringify({ ok: true, user_id: 'UBOT', team_id: 'T1', team: 'Espace fictif' }))
}).listen(0, '127.0.0.1')
await once(slack, 'listening')

const folder = await mkdtemp(join(tmpdir(), 'guichet-'))
const guichet = spawn(process.argv[2], ['serve', '--address', '127.0.0.1:0', '--database', 'sqlite:' + join(folder, 'essai.db')], {
  env: { ...process.env, GUICHET_SLACK_BOT_TOKEN: 'xoxb-essai', GUICHET_SLACK_SIGNING_SECRET: secret, GUICHET_SLACK_API: `http://127.0.0.1:${slack.address().port}/` },
  stdio: ['ignore', 'pipe', 'ignore'],
})
let wrong = 0
let good = 0
try {
  const [welcome] = await once(guichet.stdout, 'data')
  const address = String(welcome).match(/http:\/\/127\.0\.0\.1:\d+/)[0] + '/slack'
  const sign = (body, seconds, key = secret) => 'v0=' + createHmac('sha256', key).update(`v0:${seconds}:${body}`).digest('hex')
  const changes = [
    () => {},
    () => {},
    (r) => { r.body += ' ' },
    (r) => { r.signature = sign(r.body, r.seconds, 'autre') },
    (r) => { r.signature = r.signature.slice(0, -1) },
    (r) => { r.signature = 'v1' + r.signature.slice(2) },
    (r) => { r.signature = r.signature.slice(3) },
    (r) => { r.seconds += 1 },
    (r) => { r.seconds -= 400; r.signature = sign(r.body, r.seconds) },
    (r) => { r.signature = r.signature.replace(/[0-9a-f]$/, (c) => (c === '0' ? '1' : '0')) },
  ]
  for (let i = 0; i < 500; i++) {
    const body = JSON.stringify({ type: 'url_verification', challenge: 'é' + randomBytes(8 + (i % 50)).toString('base64') })
    const request = { body, seconds: Math.floor(Date.now() / 1000) }
    request.signature = sign(body, request.seconds)
    changes[i % changes.length](request)
    const headers = { 'x-slack-request-timestamp': request.seconds, 'x-slack-signature': request.signature }
    const theirs = verifier.isValidSlackRequest({ signingSecret: secret, body: request.body, headers })
    const answer = await fetch(address, { method: 'POST', body: request.body, headers: { 'Content-Type': 'application/json', ...headers } })
    const ours = answer.status !== 401
    if (ours) good++
    if (ours !== theirs) {
      wrong++
      console.error(`#${i} : guichet ${ours ? 'accepte' : 'refuse'} (${answer.status}), Slack ${theirs ? 'accepte' : 'refuse'}`, request)
    }
  }
} finally {
  guichet.kill('SIGTERM')
  await once(guichet, 'exit')
  slack.close()
  await rm(folder, { recursive: true })
}
console.log(`500 requêtes, ${good} acceptées, ${wrong} désaccord(s) avec @slack/bolt`)
process.exit(wrong > 0 || good === 0 ? 1 : 0)
