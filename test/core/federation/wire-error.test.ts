import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../src/base/errors.ts';
import { toWireError } from '../../../src/core/federation/wire-error.ts';

describe('an error on its way to another organisation', () => {
  it('does not name the folder of a store that failed', () => {
    const error = new MeshError('STORE_FULL', { store: '/srv/acme/mesh.sqlite' });
    const sent = toWireError(error, 'task.run');
    expect(sent.code).toBe('INTERNAL');
    expect(JSON.stringify(sent)).not.toContain('acme');
  });

  it('says nothing of what is no MeshError', () => {
    const sent = toWireError(new TypeError('password is hunter2'), 'task.run');
    expect(sent).toMatchObject({ code: 'INTERNAL' });
    expect(JSON.stringify(sent)).not.toContain('hunter2');
  });
});
