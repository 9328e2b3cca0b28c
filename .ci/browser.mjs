// Checks the pages that .ci/browser has r8scan make, in a browser.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [work, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const looks = ['light', 'dark'].flatMap((colorScheme) => [1280, 390].map((width) => ({ colorScheme, width })));

const failures = [];
function check(ok, what) {
  if (!ok) failures.push(what);
}

// A token for a number. None stands in this file.
function token(n) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let state = n * 7919 + 17;
  let body = '';
  while (body.length < 37) {
    state = (state * 48271) % 2147483647;
    body += letters[state % letters.length];
  }
  return 'r8' + '_' + body;
}

const live = token(1);
const owners = { [live]: { type: 'user', username: 'ada', name: 'Ada L.' }, [token(3)]: { type: 'organization', username: 'acme', name: 'Acme' } };

// A server that answers like Replicate's API, after some milliseconds.
const asked = {};
const replicate = createServer((request, response) => {
  const sent = (request.headers.authorization ?? '').replace('Bearer ', '');
  asked[sent] = (asked[sent] ?? 0) + 1;
  const refusal = { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 };
  const timer = setTimeout(() => {
    response.writeHead(owners[sent] ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(owners[sent] ?? refusal));
  }, 20 + (Object.values(asked).length * 7) % 30);
  response.on('close', () => clearTimeout(timer));
});
await new Promise((done) => replicate.listen(0, '127.0.0.1', done));
const api = `http://127.0.0.1:${replicate.address().port}`;

// run runs a program to its end without blocking the server, and returns its output.
function run(program, ...args) {
  return new Promise((done) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (data) => (out += data));
    child.on('close', () => done(out));
  });
}

// A repository whose tokens came in, moved, went out, and are nowhere in git.
async function audit(name, build) {
  const dir = join(work, name);
  mkdirSync(join(dir, 'src'), { recursive: true });
  const git = (args, date) =>
    execFileSync('git', ['-C', dir, '-c', 'user.name=Ann Lee', '-c', 'user.email=ann@example.com', ...args], {
      env: { ...process.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  const write = (path, text) => writeFileSync(Buffer.from(join(dir, path), 'latin1'), text);
  git(['init', '-q', '-b', 'main']);
  git(['remote', 'add', 'origin', 'git@github.com:example/app.git']);
  build({ git, write, commit: (date, message) => (git(['add', '-A'], date), git(['commit', '-q', '-m', message], date)) });
  const json = join(work, `${name}.json`);
  await run('r8scan', 'audit', dir, '-q', '--no-cache', '--verify', '--api-url', api, '-o', json);
  return JSON.parse(readFileSync(json, 'utf8'));
}

const client = (t) => `import replicate\n\nclient = replicate.Client(api_token="${t}")\n`;

const app = await audit('app', ({ git, write, commit }) => {
  write('README.md', '# app\n');
  commit('2024-02-01T10:00:00Z', 'Start');
  write('app.py', client(live));
  commit('2024-05-03T10:00:00Z', 'Draw a cat');
  git(['mv', 'app.py', 'src/cat.py']);
  commit('2024-11-20T10:00:00Z', 'Move it');
  write('.env', `REPLICATE_API_TOKEN=${token(3)}\n`);
  commit('2025-01-15T10:00:00Z', 'Set up');
  write('src/cat.py', 'import replicate\n\nclient = replicate.Client()\n');
  commit('2025-06-15T10:00:00Z', 'Read the token from the environment');
  git(['update-ref', 'refs/remotes/origin/main', 'HEAD']);
  git(['tag', 'v1.0']);
  write('deploy.yaml', `kind: Secret\ndata:\n  token: ${Buffer.from(token(2)).toString('base64')}\n`);
  commit('2026-03-01T10:00:00Z', 'Deploy it');
  write('.gitignore', '.env.local\n');
  commit('2026-03-02T10:00:00Z', 'Ignore it');
  write('.env.local', `REPLICATE_API_TOKEN=${token(4)}\n`);
  write('notes.txt', `${token(5)}\n`);
});

const hostile = await audit('hostile', ({ git, write, commit }) => {
  ['<script>alert(1)<', '"><img src=x onerror=alert(1)>', "' onfocus='alert(1)", '\xe2\x80\xaeevil', 'new\nline', '::error::x', 'a&lt;b', '{{.}}', 'x'.repeat(240)].forEach((name, i) =>
    write(name.replaceAll('/', '_'), token(20 + i)),
  );
  git(['config', 'remote.origin.url', 'https://github.com/a"><script>/b']);
  commit('2026-01-01T00:00:00Z', `</style><script>alert(1)</script> ${token(40)}`);
});

// many has n findings, like those of doc.
function many(doc, n) {
  const findings = Array.from({ length: n }, (_, i) => {
    const f = structuredClone(doc.findings[i % doc.findings.length]);
    f.token_id = i.toString(16).padStart(16, '0');
    f.locations.forEach((l) => l.path && (l.path = `service-${i}/${l.path}`));
    if (f.history?.introduced) f.history.introduced.date = new Date(Date.UTC(2023, 0, 1 + (i % 900))).toISOString();
    if (f.verification.account) f.verification.account.username = `user${i % 30}`;
    return f;
  });
  return { ...doc, findings };
}

const empty = { ...app, findings: [], complete: false, coverage: { ...app.coverage, unread: [{ what: 'pack-1.pack', reason: 'bad zlib header' }] } };

async function html(name, doc) {
  writeFileSync(join(work, `${name}.json`), JSON.stringify(doc));
  await run('r8scan', 'report', join(work, `${name}.json`), '-o', join(work, `${name}.html`));
  return 'file://' + join(work, `${name}.html`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
});

// open opens a page of its own and notes whatever it must not do.
async function open(url, { colorScheme, width }, more = {}) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, ...more });
  const page = await context.newPage();
  const origin = new URL(url).origin;
  page.on('request', (r) => check(r.url() === url.split('#')[0] || r.url().startsWith('data:') || (origin !== 'null' && r.url().startsWith(origin)), `${url} requests ${r.url()}`));
  page.on('console', (m) => check(!['error', 'warning'].includes(m.type()), `${url}: ${m.text()}`));
  page.on('pageerror', (e) => check(false, `${url}: ${e}`));
  page.on('dialog', (d) => (check(false, `${url}: a script ran`), d.dismiss()));
  await page.goto(url);
  return page;
}

// look checks what every page must be, and keeps a picture of it.
async function look(page, name, { colorScheme, width }, audited = true) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(over <= 0, `${name}: ${over} pixels too wide at ${width}`);
  if (audited) {
    const result = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`);
    for (const v of result.violations) {
      check(!['serious', 'critical'].includes(v.impact), `${name}, ${colorScheme}, ${width}: axe: ${v.id}: ${v.help}: ${v.nodes[0].html} ${v.nodes[0].failureSummary}`);
    }
  }
  const height = Math.min(5000, await page.evaluate(() => document.documentElement.scrollHeight));
  await page.setViewportSize({ width, height });
  await page.waitForTimeout(100); // what comes into view is laid out then
  await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`) });
  await page.setViewportSize({ width, height: 900 });
}

// byKeyboard goes through a page with the Tab key: it reaches every control, and shows
// where it is.
async function byKeyboard(page, name) {
  const wanted = await page.evaluate(() => {
    const radios = new Set();
    const list = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), summary, [tabindex="0"]')].filter((e) => {
      if (e.closest('details:not([open])') && e.tagName !== 'SUMMARY') return false;
      if (e.type !== 'radio') return true;
      return !radios.has(e.name) && radios.add(e.name);
    });
    document.activeElement?.blur();
    getSelection().removeAllRanges();
    return list.length;
  });
  await page.evaluate(() => scrollTo(0, 0));
  let reached = 0;
  for (let i = 0; reached < wanted && i < wanted + 50; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      if (e === document.body || e.dataset.reached) return null;
      e.dataset.reached = 'yes';
      return { visible: getComputedStyle(e).outlineStyle !== 'none' && e.getBoundingClientRect().width > 0, html: e.outerHTML.slice(0, 80) };
    });
    if (at) {
      reached++;
      check(at.visible, `${name}: no focus is shown on ${at.html}`);
    }
  }
  check(reached === wanted, `${name}: the keyboard reaches ${reached} of ${wanted} controls`);
}

const shown = (page) => page.evaluate(() => [...document.querySelectorAll('.token')].filter((e) => getComputedStyle(e).display !== 'none').length);

// A report of each kind, in every look.
for (const [name, doc] of Object.entries({ report: app, hostile, many: many(app, 500), empty })) {
  const url = await html(name, doc);
  for (const how of looks) {
    const page = await open(url, how);
    await look(page, name, how, name !== 'many' || how.width === 1280);
    if (name === 'report' && how.width === 1280 && how.colorScheme === 'light') {
      await page.emulateMedia({ media: 'print' });
      await page.pdf({ path: join(shots, 'report.pdf') });
      await page.emulateMedia({ media: 'screen' });
      await page.setViewportSize({ width: 1000, height: 800 });
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(shots, 'docs-report.png') });
    }
    if (name === 'report') await byKeyboard(page, `${name} ${how.width}`);
    await page.context().close();
  }
}

// Filters and the search of the browser, where no script can run.
{
  const page = await open(await html('many', many(app, 500)), looks[0], { javaScriptEnabled: false });
  const all = await shown(page);
  check(all === 500, `${all} of 500 tokens are shown`);
  await page.focus('#f-live');
  await page.keyboard.press('Space');
  const rest = await shown(page);
  check(rest > 0 && rest < all, `without live ones ${rest} of ${all} are shown`);
  await page.focus('#f-live');
  await page.keyboard.press('Space');
  await page.focus('#f-all');
  await page.keyboard.press('ArrowDown');
  const one = await shown(page);
  check(one > 0 && one < all, `of one owner ${one} of ${all} are shown`);
  await page.keyboard.press('ArrowUp');
  check((await shown(page)) === 500, 'the filters do not go back');
  check(await page.evaluate(() => window.find('service-499/')), 'the search does not find the last token');
  await page.context().close();
}

// 5,000 tokens: the time is told, and what it depends on is bounded.
{
  const page = await open(await html('very-many', many(app, 5000)), looks[0]);
  const cost = await page.evaluate(() => ({
    nodes: document.querySelectorAll('*').length / document.querySelectorAll('.token').length,
    bytes: document.documentElement.outerHTML.length / 5000,
    loaded: Math.round(performance.getEntriesByType('navigation')[0].loadEventEnd),
    painted: Math.round(performance.getEntriesByType('paint')[0]?.startTime),
  }));
  console.log(`5,000 tokens: painted after ${cost.painted} ms, loaded after ${cost.loaded} ms; ${cost.nodes.toFixed(0)} elements and ${cost.bytes.toFixed(0)} bytes a token`);
  check(cost.nodes < 60 && cost.bytes < 4000, 'a token has become larger: does the page of 5,000 still open in a second?');
  await look(page, 'very-many', looks[0], false);
  await page.context().close();
}

// The page of verify.
const served = spawn('r8scan', ['verify', '--page', '--api-url', api], { stdio: ['ignore', 'pipe', 'inherit'] });
process.on('exit', () => served.kill()); // also after an error here
const ended = new Promise((done) => served.on('close', done));
const url = await new Promise((done) => served.stdout.once('data', (data) => done(String(data).trim())));

async function test(page, key, runs) {
  await page.focus('#key');
  await page.keyboard.type(key);
  await page.keyboard.press('Tab');
  await page.keyboard.type(String(runs));
  await page.keyboard.press('Enter');
  await page.waitForSelector('#result', { timeout: 20_000 });
  return page.textContent('#result');
}

for (const how of looks) {
  const page = await open(url, how);
  await look(page, 'verify-form', how);
  check(await page.evaluate(() => document.activeElement?.id === 'key'), 'the field for the token has no focus');
  await byKeyboard(page, `verify ${how.width}`);
  const said = await test(page, live, 10);
  check(said.includes('user ada (Ada L.)') && said.includes('Round trip of 10 requests'), `verify says ${said}`);
  await look(page, 'verify-live', how);
  check(!(await page.content()).includes(live.slice(5, 20)), 'the page shows the token');
  check((await page.context().cookies()).length === 0, 'the page sets a cookie');
  if (how.width === 1280 && how.colorScheme === 'light') {
    await page.setViewportSize({ width: 1000, height: 900 });
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(shots, 'docs-verify.png') });
  }
  await byKeyboard(page, `verify result ${how.width}`);
  for (const [name, key] of [['revoked', token(99)], ['malformed', 'sk-not-one']]) {
    const again = await open(url, how);
    await test(again, key, 1);
    await look(again, `verify-${name}`, how);
    await again.context().close();
  }
  await page.context().close();
}

// Two at once, and one that is closed.
{
  const pages = await Promise.all([live, token(3)].map(async (key) => ({ key, page: await open(url, looks[0]) })));
  const texts = await Promise.all(pages.map(({ key, page }) => test(page, key, 10)));
  check(texts[0].includes('user ada') && texts[1].includes('organization acme') && !texts[0].includes('acme'), `two at once: ${texts}`);
  for (const { page } of pages) await page.context().close();
  const page = await open(url, looks[0]);
  const before = asked[live];
  await page.fill('#key', live);
  await page.fill('#runs', '100');
  await page.click('button', { noWaitAfter: true });
  while (asked[live] === before) await new Promise((done) => setTimeout(done, 5));
  await page.context().close();
  let count;
  do {
    count = asked[live];
    await new Promise((done) => setTimeout(done, 500));
  } while (asked[live] !== count);
  check(count - before < 100, 'the test goes on although its page is closed');
}

// Another page can neither test a token, nor frame the page, nor reach it by a name.
{
  const evil = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<iframe src="${url}"></iframe><form method="post" action="${url}"><input name="key" value="${token(98)}"><button>x</button></form>`);
  });
  await new Promise((done) => evil.listen(0, '127.0.0.1', done));
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://127.0.0.1:${evil.address().port}/`);
  const framed = page.frames().find((f) => f !== page.mainFrame());
  check((await framed.$('#key')) === null, 'the page is shown in a frame');
  const [response] = await Promise.all([page.waitForNavigation(), page.click('button')]);
  check(response.status() === 403 && !asked[token(98)], `the form of another page got ${response.status()}`);
  const there = new URL(url);
  there.hostname = 'localhost';
  check((await page.goto(String(there))).status() === 421, 'another name for this computer is taken');
  await page.context().close();
  evil.close();
}

served.kill('SIGINT');
check((await ended) === 130, `Ctrl-C ends the page with ${await ended}`);
// The fleet's page: a small fleet, one with hostile names, and one with many tokens.
const fleets = spawn('fleet-page', ['-test.run', '^TestBrowser$'], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, R8SCAN_TEST_BROWSER: '1' } });
process.on('exit', () => fleets.kill());
const fleet = JSON.parse(await new Promise((done) => fleets.stdout.once('data', done)));

// login opens a fleet's page, as somebody who knows its token, by keyboard only.
async function login(url, how, more) {
  const page = await open(url + '/', how, more);
  check(new URL(page.url()).pathname === '/login', `${page.url()} is shown to anybody`);
  await page.focus('#name');
  await page.keyboard.type('ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type(fleet.token);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  check(new URL(page.url()).pathname === '/', `the login leads to ${page.url()}`);
  return page;
}

const story = async (page) => page.getAttribute('.token h3 a', 'href');

for (const how of looks) {
  const page = await open(fleet.fleet + '/', how);
  await look(page, 'fleet-login', how);
  await byKeyboard(page, `fleet login ${how.width}`);
  await page.context().close();
  for (const kind of how.colorScheme === 'light' ? ['fleet', 'hostile', 'many'] : ['fleet']) {
    const page = await login(fleet[kind], how);
    const paths = { '': '/', story: await story(page), forget: (await story(page)) + '/forget', acts: '/acts', sent: '/acts?state=sent', repositories: '/repositories', log: '/log' };
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(fleet[kind] + path);
      await look(page, `fleet-${kind}-${name || 'live'}`, how, kind !== 'many' || how.width === 1280);
      if (kind === 'fleet') await byKeyboard(page, `fleet ${name} ${how.width}`);
      check(!(await page.content()).includes(fleet.token), `${path} shows the token of the page`);
    }
    if (kind === 'fleet' && how.width === 1280 && how.colorScheme === 'light') {
      await page.goto(fleet.fleet + '/');
      await page.setViewportSize({ width: 1000, height: 800 });
      await page.screenshot({ path: join(shots, 'docs-fleet.png') });
    }
    await page.context().close();
  }
}

// People decide, where no script can run: an act needs a reason, and is in the log.
{
  const page = await login(fleet.fleet, looks[0], { javaScriptEnabled: false });
  const cookies = await page.context().cookies();
  check(cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === 'Strict', `the cookies are ${JSON.stringify(cookies)}`);
  await page.click('text=Waiting for a person >> a');
  await page.click('button[value=arrived]');
  check(page.url().endsWith('/acts?state=uncertain'), `without a reason the form leads to ${page.url()}`);
  await page.fill('[name=why]', 'I called her');
  await Promise.all([page.waitForNavigation(), page.click('button[value=arrived]')]);
  check((await page.textContent('[role=status]')) === 'Recorded as arrived.', 'the page does not say that it is recorded');
  await page.goto(fleet.fleet + '/acts?state=refused');
  await page.fill('[name=why]', 'The address was wrong');
  await Promise.all([page.waitForNavigation(), page.click('button[value=again]')]);
  await page.goto(fleet.fleet + '/');
  const path = await story(page);
  await page.goto(fleet.fleet + path);
  await page.fill('[name=why]', 'She says it is gone');
  await Promise.all([page.waitForNavigation(), page.click('button:text("Ask Replicate again now")')]);
  await page.click('text=Forget this token');
  await page.fill('[name=why]', 'Asked to');
  await Promise.all([page.waitForNavigation(), page.click('button:text("Forget it")')]);
  await page.goto(fleet.fleet + '/log');
  const log = await page.textContent('main');
  check(log.includes('forget a token: Asked to') && log.includes('The address was wrong') && !log.includes('I called her'), `the log says ${log}`);
  check((await page.context().request.get(fleet.fleet + path)).status() === 404, 'the forgotten token is there');
  await page.goto(fleet.fleet + '/');
  await Promise.all([page.waitForNavigation(), page.click('button:text("Log out")')]);
  await page.goto(fleet.fleet + '/acts');
  check(new URL(page.url()).pathname === '/login', 'the session goes on after logging out');
  await page.context().close();
}

// Another page can neither act, though its visitor is logged in, nor frame the page, nor
// reach it by a name.
{
  const page = await login(fleet.many, looks[0]);
  await page.goto(fleet.many + '/acts');
  const [action, seal] = await page.evaluate(() => [document.querySelector('form[action^="/acts/"]').action, document.querySelector('[name=seal]').value]);
  const evil = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<iframe src="${fleet.many}/"></iframe><form method="post" action="${action}"><input name="seal" value="${seal}"><input name="why" value="x"><input name="choice" value="arrived"><button>x</button></form>`);
  });
  await new Promise((done) => evil.listen(0, '127.0.0.1', done));
  page.removeAllListeners();
  await page.goto(`http://127.0.0.1:${evil.address().port}/`);
  const framed = page.frames().find((f) => f !== page.mainFrame());
  check((await framed.$('nav')) === null, "the fleet's page is shown in a frame");
  const [response] = await Promise.all([page.waitForNavigation(), page.click('button')]);
  check(response.status() === 403, `the form of another page got ${response.status()}`);
  evil.close();
  evil.closeAllConnections();
  await page.context().close();
}

fleets.stdin.end();
await browser.close();
replicate.close();
replicate.closeAllConnections();

if (failures.length > 0) {
  console.error([...new Set(failures)].join('\n'));
  process.exit(1);
}
console.log('the pages are as they should be');
