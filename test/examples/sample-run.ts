// A run of the digit clinic as it might have been, for tests of the report.
import type { ReportMoment, ReportTrust, RunReport } from '../../examples/digit-clinic/report.ts';

const clinics = ['clinic-1', 'clinic-2', 'clinic-3'];
const accuracy = [0.684, 0.832, 0.881, 0.907, 0.921, 0.932];

function opinion(from: string, to: string, tasks: number, licences: number): ReportTrust {
  const history = tasks === 0 ? 0 : 25 * (1 - 3 / (tasks + 3));
  const factors = [
    {
      name: 'credentials',
      weight: 30,
      contribution: licences * 15,
      because: licences > 0 ? '1 from anchors: ClinicLicence' : 'none from an anchor',
    },
    {
      name: 'history',
      weight: 25,
      contribution: history,
      because: tasks > 0 ? `${tasks} receipts kept, 0 broken` : 'none seen',
    },
    { name: 'attestations', weight: 20, contribution: 0, because: 'none seen' },
    { name: 'compliance', weight: 15, contribution: 0, because: 'none seen' },
    { name: 'uptime', weight: 10, contribution: 2.4, because: 'connected for 1 minute' },
  ];
  const score = factors.reduce((sum, { contribution }) => sum + contribution, 0);
  return {
    from,
    to,
    score,
    state: score >= 30 ? 'trusted' : score > 3 ? 'probation' : 'unknown',
    factors,
  };
}

const timeline: readonly ReportMoment[] = [
  { at: 210, who: 'authority', what: 'listens at ws://127.0.0.1:40123', kind: 'note' },
  ...clinics.flatMap((who, i): ReportMoment[] => [
    { at: 420 + 60 * i, who, what: 'issued a clinic licence by the authority', kind: 'credential' },
    {
      at: 900 + 90 * i,
      who,
      what: `federated with ${clinics[(i + 1) % 3] ?? ''} in 4.1 ms`,
      kind: 'session',
    },
    {
      at: 1_100 + 70 * i,
      who,
      what: `accepted the licence of ${clinics[(i + 1) % 3] ?? ''}`,
      kind: 'credential',
    },
  ]),
  ...accuracy.flatMap((_, round) =>
    clinics.map(
      (who, i): ReportMoment => ({
        at: 4_000 + round * 5_600 + i * 130,
        who,
        what: `round ${round + 1} combined 3 contributions`,
        kind: 'round',
      }),
    ),
  ),
  {
    at: 38_000,
    who: 'lab',
    what: 'federated with clinic-1, clinic-2 and clinic-3',
    kind: 'session',
  },
  ...Array.from(
    { length: 200 },
    (_, i): ReportMoment => ({
      at: 39_000 + i * 34,
      who: i % 3 === 0 ? 'clinic-1' : i % 3 === 1 ? 'clinic-2' : 'clinic-3',
      what: `read an image`,
      kind: 'task',
    }),
  ),
  { at: 47_200, who: 'authority', what: 'revoked the licence of clinic-1', kind: 'revocation' },
  { at: 47_238, who: 'clinic-2', what: 'closed its sessions with clinic-1', kind: 'session' },
  { at: 47_244, who: 'lab', what: 'refused clinic-1 at the trust gate', kind: 'refusal' },
  {
    at: 48_000,
    who: 'lab',
    what: 'had 20 more images read by clinic-2 and clinic-3',
    kind: 'note',
  },
];

/** A ring, as a digit may look: thicker or thinner, wider or narrower. */
function drawn(seed: number): Uint8Array {
  const ink = Uint8ClampedArray.from({ length: 28 * 28 }, (_, i) => {
    const [x, y] = [(i % 28) - 13.5, Math.floor(i / 28) - 13.5];
    const distance = Math.abs(Math.hypot(x * (1 + (seed % 3) / 4), y) - 7 - (seed % 4));
    return 255 * (1.6 - distance);
  });
  return new Uint8Array(ink.buffer);
}

/** The run. */
export const sampleRun: RunReport = {
  title: 'Five organisations learn to read digits, and to trust each other',
  startedAt: '2026-11-21T10:15:00Z',
  ms: 49_300,
  organisations: [
    {
      name: 'authority',
      role: 'authority',
      did: 'did:mesh:authority:health:zQmYtUc4iTCbbfVSDNKvtQqrfyezPPnFvE33wFmutw9PBBk',
    },
    ...clinics.map((name, i) => ({
      name,
      role: 'clinic' as const,
      did: `did:mesh:enterprise:${name}:zQm${String(i)}dTK3nnnpL4mW5bPsSxKVL8Uk9v3o2hC6rZQeXyF1a`,
    })),
    {
      name: 'lab',
      role: 'lab',
      did: 'did:mesh:enterprise:lab:zQmUbXx3fQ1yWbM7rVd6t2Pp9sYhTn4kGe8cJzA5oLwRiE',
    },
  ],
  rounds: accuracy.map((global, i) => ({
    round: i + 1,
    ms: 5_600 - 180 * i + (i === 2 ? 900 : 0),
    global,
    clinics: {
      'clinic-1': global - 0.016 + 0.002 * i,
      'clinic-2': global + 0.011,
      'clinic-3': global - 0.004,
    },
  })),
  search: clinics.map((name, i) => ({
    name: `digit-reader of ${name}`,
    score: 0.91 - 0.04 * i,
    why: [
      "'handwritten digits' in its capabilities",
      'licensed by an authority this lab trusts',
      `answers in ${12 + i} ms`,
    ],
  })),
  reading: {
    images: 200,
    accuracy: 0.935,
    receipts: 200,
    msPerTask: 8.4,
    by: { 'clinic-1': 74, 'clinic-2': 66, 'clinic-3': 60 },
    digits: Array.from({ length: 22 }, (_, i) => ({
      pixels: drawn(i),
      truth: i % 10,
      answer: i === 9 ? 4 : i % 10,
      by: `clinic-${(i % 3) + 1}`,
    })),
  },
  revocation: {
    who: 'clinic-1',
    ms: 38.2,
    nodes: 3,
    gate: 'trust',
    code: 'TRUST_TOO_LOW',
    message:
      "trust in 'did:mesh:enterprise:clinic-1' is 24.1, needed is 30: the ClinicLicence was revoked by its issuer",
  },
  trust: [
    opinion('lab', 'clinic-1', 74, 0),
    opinion('lab', 'clinic-2', 73, 1),
    opinion('lab', 'clinic-3', 73, 1),
    ...clinics.flatMap((from) =>
      clinics
        .filter((to) => to !== from)
        .map((to) => opinion(from, to, 0, to === 'clinic-1' ? 0 : 1)),
    ),
    opinion('clinic-2', 'lab', 0, 0),
  ],
  timeline,
  table: [
    [
      'organisation',
      'handshakes',
      'tasks',
      'accuracy',
      'trust in it',
      'policy decisions',
      'cache hits',
      'bytes out',
      'bytes in',
    ],
    ['authority', '3', '0', '', '', '14', '9', '21 kB', '18 kB'],
    ['clinic-1', '4', '74', '93.0 %', '24.1', '301', '288', '4.2 MB', '4.1 MB'],
    ['clinic-2', '4', '73', '93.4 %', '41.4', '296', '283', '4.1 MB', '4.2 MB'],
    ['clinic-3', '4', '73', '93.1 %', '41.4', '297', '284', '4.1 MB', '4.1 MB'],
    ['lab', '3', '220', '', '', '664', '655', '402 kB', '188 kB'],
  ],
};
