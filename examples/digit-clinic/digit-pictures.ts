// Handwritten digits as small pictures, each with what was read in it.
import { type Html, html } from './html.ts';
import type { ReportDigit } from './report.ts';

const side = 28;

/** The digits in a grid; one that was read wrongly says what it is. */
export function digitPictures(digits: readonly ReportDigit[]): Html {
  const pictures = digits.map(({ pixels, truth, answer, by }) => {
    const wrong = answer !== truth;
    return html`<li${wrong ? html` class="wrong"` : ''} title="read by ${by}"><svg viewBox="0 0 ${side} ${side}" role="img" aria-label="a handwritten ${truth}">${strokes(pixels)}</svg><span>${answer}${wrong ? ` (a ${String(truth)})` : ''}</span></li>`;
  });
  return html`<ul class="digits">${pictures}</ul>`;
}

/** Three shades, each one path of horizontal runs: a third of the size of one rectangle a pixel. */
function strokes(pixels: Uint8Array): readonly Html[] {
  return [60, 130, 200].map((shade) => html`<path d="${runs(pixels, shade)}"/>`);
}

function runs(pixels: Uint8Array, shade: number): string {
  let path = '';
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const begin = x;
      while (x < side && (pixels[y * side + x] ?? 0) >= shade) x += 1;
      if (x > begin)
        path += `M${String(begin)} ${String(y)}h${String(x - begin)}v1H${String(begin)}z`;
    }
  }
  return path;
}
