/**
 * The time line: how much happened when, what harm lasted from when to when, and where the run failed.
 * @module
 */
import type { Span, Story } from './story.ts';

/** What a time line needs. */
export interface TimelineParts {
  readonly canvas: HTMLCanvasElement;
  readonly story: Story;
  /** When the run failed. */
  readonly failedAt: number | undefined;
  readonly colour: (name: string) => string;
}

/** Draws the time line; the result draws it anew, as after a change of size. */
export function timelineOf({ canvas, story, failedAt, colour }: TimelineParts): () => void {
  const lanes: readonly Span['lane'][] = ['cut', 'down', 'pause', 'other'];
  const laneHeight = 5;
  const end = Math.max(story.end, 1);

  return () => {
    const scale = window.devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const context = canvas.getContext('2d')!;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    const x = (t: number): number => (t / end) * width;

    const columns = Math.max(1, Math.floor(width / 3));
    const heights = new Array<number>(columns).fill(0);
    for (const { t } of story.events) {
      heights[Math.min(columns - 1, Math.floor((t / end) * columns))]! += 1;
    }
    // The rush of the beginning would make the rest look flat.
    const most = Math.max(heights.toSorted((a, b) => a - b)[Math.floor(columns * 0.98)]!, 1);
    const floor = height - lanes.length * (laneHeight + 1) - 3;
    context.fillStyle = colour('line');
    for (const [i, n] of heights.entries()) {
      const tall = Math.sqrt(Math.min(1, n / most)) * (floor - 10);
      context.fillRect((i * width) / columns, floor - tall, width / columns - 1, tall);
    }

    for (const { lane, start, end: until } of story.spans) {
      const row = lanes.indexOf(lane);
      context.fillStyle = colour(lane === 'other' ? 'ill' : lane);
      const top = floor + 3 + row * (laneHeight + 1);
      context.fillRect(x(start), top, Math.max(2, x(until) - x(start)), laneHeight);
    }

    if (failedAt === undefined) return;
    context.fillStyle = colour('failed');
    context.fillRect(x(failedAt) - 1, 0, 2, height);
    context.beginPath();
    context.moveTo(x(failedAt) - 6, 0);
    context.lineTo(x(failedAt) + 6, 0);
    context.lineTo(x(failedAt), 9);
    context.fill();
  };
}
