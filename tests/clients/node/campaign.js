// A whole campaign with asterisk-manager: made, run to its end, read and deleted.
'use strict';

const env = process.env;
const manager = require('asterisk-manager')(env.AMI_PORT, '127.0.0.1', env.AMI_USER, env.AMI_SECRET, true);
const said = { statuses: [], dialled: [] };
let campaign;

function act(action, headers) {
  return new Promise((resolve, reject) => {
    manager.action({ action, ...headers }, (error, answer) => {
      if (error) reject(new Error(`${action}: ${error.message}`));
      else resolve(answer);
    });
  });
}

async function create(kind, headers) {
  return (await act(`Out${kind}Create`, headers)).uuid;
}

// The entries of a list. The library knows them as events with our id.
function list(action, headers) {
  return new Promise((resolve, reject) => {
    const actionid = `list-${action}`;
    const entries = [];
    const hear = (event) => {
      if (event.actionid !== actionid) return;
      if (event.eventlist !== 'Complete') return void entries.push(event);
      manager.removeListener('managerevent', hear);
      resolve(entries);
    };
    manager.on('managerevent', hear);
    act(action, { ...headers, actionid }).catch(reject);
  });
}

async function main() {
  const ended = new Promise((resolve) => {
    const hear = (event) => {
      if (event.uuid !== campaign) return;
      said.statuses.push(event.status);
      if (event.status !== '0') return;
      manager.removeListener('outcampaignupdate', hear);
      resolve();
    };
    manager.on('outcampaignupdate', hear);
  });
  manager.on('outdialingdelete', (event) => {
    if (event.campuuid === campaign) said.dialled.push(event.dialaddr);
  });
  const plan = await create('Plan', {
    name: 'node', techname: 'Local/', trunkname: 'callee', maxretry1: 1, variable: { A: 1, B: 'two words' },
  });
  const dest = await create('Destination', { exten: 'hangup', context: 'destinations' });
  const dlma = await create('Dlma', { name: 'node' });
  const targets = [];
  for (const number1 of env.NUMBERS.split(' ')) {
    targets.push(await create('DlList', { dlmauuid: dlma, number1 }));
  }
  campaign = await create('Campaign', { name: 'node', plan, dest, dlma });
  await act('OutCampaignUpdate', { uuid: campaign, status: 1 });
  await ended;
  said.finished = (await list('OutCampaignStatShow', { uuid: campaign }))[0].dlfinishedcount;
  said.entries = (await list('OutDlListShow', { dlmauuid: dlma })).length;
  await act('OutCampaignUpdate', { uuid: campaign, status: 0 });
  await act('OutCampaignDelete', { uuid: campaign });
  for (const uuid of targets) await act('OutDlListDelete', { uuid });
  await act('OutDlmaDelete', { uuid: dlma });
  await act('OutDestinationDelete', { uuid: dest });
  await act('OutPlanDelete', { uuid: plan });
  console.log(JSON.stringify(said));
  process.exit(0);
}

setTimeout(() => { console.error(`no end: ${JSON.stringify(said)}`); process.exit(1); }, 40000).unref();
main().catch((error) => { console.error(error); process.exit(1); });
