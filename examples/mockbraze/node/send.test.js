import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { Braze } from 'braze-api';

import { startMockbraze } from './mockbraze.js';
import { sendAttributes } from './send.js';

const fast = { pauseMs: 10 };
let mock;
let braze;

before(async () => {
  mock = await startMockbraze();
  braze = new Braze(mock.url, 'a-key');
});
after(() => mock?.stop());
beforeEach(() => mock.reset());

test('attributes arrive with their types', async () => {
  const attributes = { plan: 'pro', visits: 3, churn: 0.25, senior: false, tags: ['a', 'b'] };
  assert.deepEqual(await sendAttributes(braze, [{ external_id: '1', ...attributes }]), []);
  const user = await mock.user('1');
  assert.deepEqual(user.custom_attributes, attributes);
  assert.equal(user.custom_attribute_types.visits, 'integer');
  assert.equal(user.custom_attribute_types.churn, 'float');
});

test('a refused object is named and the others are kept', async () => {
  const [error] = await sendAttributes(braze, [
    { external_id: '1', plan: 'pro' },
    { plan: 'lost' },
    { external_id: '3', plan: 'free' },
  ]);
  assert.equal(error.index, 1);
  assert.equal(error.input_array, 'attributes');
  assert.deepEqual((await mock.user('1')).custom_attributes, { plan: 'pro' });
  assert.deepEqual((await mock.user('3')).custom_attributes, { plan: 'free' });
});

test('more than 75 objects are split', async () => {
  const attributes = Array.from({ length: 100 }, (_, i) => ({ external_id: String(i), n: i }));
  assert.deepEqual(await sendAttributes(braze, attributes), []);
  const sizes = (await mock.requests()).map((request) => request.body.attributes.length);
  assert.deepEqual(sizes, [75, 25]);
});

test('an unavailable Braze is asked again', async () => {
  await mock.setFaults('status=503,count=2');
  assert.deepEqual(await sendAttributes(braze, [{ external_id: '1', plan: 'pro' }], fast), []);
  const statuses = (await mock.requests()).map((request) => request.status);
  assert.deepEqual(statuses, [503, 503, 201]);
  assert.deepEqual((await mock.user('1')).custom_attributes, { plan: 'pro' });
});

test('a wrong key is not tried again', async () => {
  await mock.setFaults('status=401');
  await assert.rejects(sendAttributes(braze, [{ external_id: '1' }], fast), { status: 401 });
  assert.equal((await mock.requests()).length, 1);
});
