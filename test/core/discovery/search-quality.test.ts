import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Did } from '../../../src/base/ids.ts';
import { Directory } from '../../../src/core/discovery/directory.ts';
import { Finder } from '../../../src/core/discovery/finder.ts';
import { LexicalIndex } from '../../../src/core/discovery/lexical-index.ts';
import type { TrustReading } from '../../../src/core/discovery/needs.ts';
import type { SignedAgentRecord } from '../../../src/schema/agent-record.ts';
import { party, record, virtualClock } from './rig.ts';

interface Text {
  readonly id: string;
  readonly name: string;
  readonly text: string;
}
interface Judged {
  readonly query: string;
  readonly relevant: readonly string[];
}
interface Tool {
  readonly name: string;
  readonly description?: string;
}

const folder = '../shared/data/';
const read = (file: string): string => readFileSync(folder + file, 'utf8');
const lines = <T>(file: string): T[] =>
  read(file)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
const present = existsSync(`${folder}discovery-toole-tools.json`);
const why = present ? '' : ` (skipped: ${folder} is absent)`;

function tools(): Text[] {
  const all = JSON.parse(read('discovery-toole-tools.json')) as Required<Tool>[];
  return all.map(({ name, description }) => ({ id: name, name, text: description }));
}

function questions(): Judged[] {
  return lines<{ q: string; t: string }>('discovery-toole-queries.public.jsonl').map(
    ({ q, t }) => ({ query: q, relevant: [t] }),
  );
}

function indexOf(texts: readonly Text[], examples?: ReadonlyMap<string, string[]>): LexicalIndex {
  const index = new LexicalIndex();
  for (const { id, name, text } of texts) {
    index.put({
      id,
      fields: [
        { name: 'name', text: name, weight: 2 },
        { name: 'description', text, weight: 1 },
        { name: 'examples', text: (examples?.get(id) ?? []).join('\n'), weight: 1 },
      ],
    });
  }
  return index;
}

/** Järvelin and Kekäläinen (2002), with binary relevance. */
function measure(judged: readonly Judged[], search: (query: string) => readonly string[]) {
  let ndcg = 0;
  let recall = 0;
  for (const { query, relevant } of judged) {
    const found = search(query).slice(0, 10);
    const gain = (place: number): number => 1 / Math.log2(place + 2);
    const got = found.reduce((sum, id, i) => sum + (relevant.includes(id) ? gain(i) : 0), 0);
    const ideal = relevant.slice(0, 10).reduce((sum, _, i) => sum + gain(i), 0);
    ndcg += got / ideal;
    recall += found.slice(0, 5).filter((id) => relevant.includes(id)).length / relevant.length;
  }
  return { ndcg10: ndcg / judged.length, recall5: recall / judged.length };
}

const ids = (hits: readonly { id: string }[]): string[] => hits.map(({ id }) => id);
const print = (what: string, figures: object): void => {
  console.log(
    `${what}:`,
    JSON.stringify(figures, (_, v: unknown) =>
      typeof v === 'number' ? Math.round(v * 1_000) / 1_000 : v,
    ),
  );
};

describe.skipIf(!present)(`search quality on requests other people wrote${why}`, () => {
  it('finds the tool for 2,980 requests among 199 (ToolE)', () => {
    const index = indexOf(tools());
    const figures = measure(questions(), (text) => ids(index.search({ text, limit: 10 })));
    print('ToolE', figures);
    expect(figures.ndcg10).toBeGreaterThanOrEqual(0.62);
    expect(figures.recall5).toBeGreaterThanOrEqual(0.685);
  });

  it('finds both tools of requests that need two (ToolE)', () => {
    const index = indexOf(tools());
    const judged = lines<{ q: string; t: string[] }>('discovery-toole-multi.public.jsonl').map(
      ({ q, t }) => ({ query: q, relevant: t }),
    );
    const figures = measure(judged, (text) => ids(index.search({ text, limit: 10 })));
    print('ToolE, two labels', figures);
    expect(figures.ndcg10).toBeGreaterThanOrEqual(0.58);
  });

  it('gains much from five sample requests in each record (ToolE, requests not among them)', () => {
    const byTool = new Map<string, string[]>();
    for (const { query, relevant } of questions()) {
      byTool.set(relevant[0]!, [...(byTool.get(relevant[0]!) ?? []), query]);
    }
    const samples = new Map([...byTool].map(([tool, all]) => [tool, all.slice(0, 5)]));
    const unseen = questions().filter(
      ({ query, relevant }) => !samples.get(relevant[0]!)!.includes(query),
    );
    const index = indexOf(tools(), samples);
    const figures = measure(unseen, (text) => ids(index.search({ text, limit: 10 })));
    print('ToolE with sample requests', figures);
    expect(figures.ndcg10).toBeGreaterThanOrEqual(0.74);
  });

  it('finds the servers for 94 annotated tasks (LiveMCPBench)', () => {
    const { servers, tasks } = JSON.parse(read('discovery-livemcp.json')) as {
      servers: { key: string; server: string; description: string; tools: Tool[] }[];
      tasks: { q: string; tools: string[] }[];
    };
    const texts = servers.map(({ key, server, description, tools: own }) => {
      const parts = own.map((tool) => `${tool.name}: ${(tool.description ?? '').slice(0, 300)}`);
      return { id: key, name: server, text: [description, ...parts].join(' ') };
    });
    const judged = tasks
      .map(({ q, tools: used }) => ({
        query: q,
        relevant: servers
          .filter((server) => server.tools.some(({ name }) => used.includes(name)))
          .map(({ key }) => key),
      }))
      .filter(({ relevant }) => relevant.length > 0);
    const index = indexOf(texts);
    const figures = measure(judged, (text) => ids(index.search({ text, limit: 10 })));
    print(`LiveMCP, ${String(judged.length)} tasks`, figures);
    expect(figures.ndcg10).toBeGreaterThan(0.5);
  });
});

describe.skipIf(!present)(`keyword-stuffed clones of every record${why}`, () => {
  for (const [attack, publishers, copies] of [
    ['199 clones by one publisher', 1, 1],
    ['995 clones by 995 publishers', 995, 5],
  ] as const) {
    it(`do not crowd out the honest ones: ${attack}`, () => {
      const judged = questions().filter((_, i) => i % 5 === 0);
      const honest = tools();
      const stuffing = commonWords(judged);
      const directory = new Directory(new LexicalIndex());
      const put = (owner: string, { id, name, text }: Text): void => {
        const meshId: Did = `did:example:${owner}`;
        const description = text.slice(0, 4_000);
        directory.put({ ...template, id, meshId, name, description, capabilities: [] });
      };
      honest.forEach((tool, i) => {
        put(`honest-${String(i)}`, tool);
      });
      for (let i = 0; i < honest.length * copies; i += 1) {
        const { name, text } = honest[i % honest.length]!;
        const id = `spam:${String(i)}`;
        put(`spam-${String(i % publishers)}`, { id, name, text: `${text} ${stuffing}` });
      }
      const finder = new Finder({
        did: 'did:example:me',
        clock: virtualClock(),
        directory,
        trust: { score: (did) => reading(did.includes('spam') ? 0 : 50 + (numberIn(did) % 46)) },
        observations: () => undefined,
        zoneOf: () => undefined,
      });
      const search = (include: 'all' | 'verified') => (text: string) =>
        finder
          .search({ text, filters: { include }, limit: 10, signal: undefined })
          .map(({ agentId }) => agentId);
      const relevanceOnly = (text: string) => ids(directory.index.search({ text, limit: 10 }));
      const figuresOf = (found: (text: string) => readonly string[]) => {
        const top = judged.flatMap(({ query }) => found(query).slice(0, 5));
        const spam = top.filter((id) => id.startsWith('spam:')).length / top.length;
        return { ...measure(judged, found), spam };
      };
      const figures = {
        relevanceOnly: figuresOf(relevanceOnly),
        all: figuresOf(search('all')),
        verified: figuresOf(search('verified')),
      };
      print(attack, figures);
      expect(figures.all.ndcg10).toBeGreaterThan(figures.relevanceOnly.ndcg10);
      expect(figures.all.ndcg10).toBeGreaterThan(0.58);
      // Trust as a factor alone leaves 24 %.
      expect(figures.all.spam).toBeLessThan(0.22);
      expect(figures.verified.spam).toBe(0);
    });
  }
});

const template = record(party(0)) as SignedAgentRecord;

function reading(score: number): TrustReading {
  return { score, state: 'trusted', level: 'self-asserted' };
}

function numberIn(did: Did): number {
  return Number(/\d+$/.exec(did)?.[0] ?? 0);
}

function commonWords(judged: readonly Judged[]): string {
  const counts = new Map<string, number>();
  for (const { query } of judged) {
    for (const word of query.toLowerCase().match(/[a-z]{4,}/g) ?? []) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const common = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 40);
  return common.map(([word]) => word).join(' ');
}
