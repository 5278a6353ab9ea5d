import { describe, expect, it } from 'vitest';
import {
  given,
  optionalPeer,
  unreachable,
} from '../../../src/adapters/resolvers/parts/failures.ts';
import { MeshError } from '../../../src/base/errors.ts';
import { rejected, thrown } from '../../base/thrown.ts';

describe('failures on the way to a DID', () => {
  it('name the package that is missing', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' });
    const error = await rejected(
      optionalPeer('ethr', 'ethr-did-resolver', () => Promise.reject(missing)),
    );
    expect(error).toMatchObject({
      code: 'MODULE_MISSING',
      params: { feature: 'ethr', module: 'ethr-did-resolver' },
      cause: missing,
    });
    const broken = new Error('it throws as it loads');
    await expect(optionalPeer('x', 'x', () => Promise.reject(broken))).rejects.toBe(broken);
    expect(await optionalPeer('x', 'x', () => Promise.resolve(7))).toBe(7);
  });

  it('are worth another try unless our own rules refused', () => {
    const did = 'did:web:a.example';
    expect(unreachable(did, new Error('no route'))).toMatchObject({
      code: 'DID_UNREACHABLE',
      retryable: true,
      params: { did, detail: 'no route' },
    });
    expect(unreachable(did, 'text')).toMatchObject({ params: { detail: 'text' } });
    const refusal = new MeshError('HTTP_REFUSED', { url: 'x', detail: 'y' });
    expect(unreachable(did, refusal)).toMatchObject({ code: 'DID_UNREACHABLE', retryable: false });
    const aborted = new MeshError('ABORTED', { what: 'x' });
    expect(unreachable(did, aborted)).toBe(aborted);
  });

  it('say what was not given', () => {
    expect(given('webvh', 'http', 1)).toBe(1);
    expect(
      thrown(() => {
        given('webvh', 'http', undefined);
      }),
    ).toMatchObject({
      code: 'INVALID_ARGUMENT',
      params: { argument: 'http' },
    });
  });
});
