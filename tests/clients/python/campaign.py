"""A whole campaign with panoramisk: made, run to its end, read and deleted."""
import asyncio
import json
import os

from panoramisk import Manager


async def main():
    manager = Manager(
        host="127.0.0.1",
        port=int(os.environ["AMI_PORT"]),
        username=os.environ["AMI_USER"],
        secret=os.environ["AMI_SECRET"],
    )
    said = {"statuses": [], "dialled": []}
    ended = asyncio.Event()
    made = {}

    @manager.register_event("OutCampaignUpdate")
    def _(manager, event):
        if event.Uuid == made.get("Campaign") and not ended.is_set():
            said["statuses"].append(event.Status)
            if event.Status == "0":
                ended.set()

    @manager.register_event("OutDialingDelete")
    def _(manager, event):
        if event.CampUuid == made.get("Campaign"):
            said["dialled"].append(event.DialAddr)

    await manager.connect()
    while not manager.authenticated:
        await asyncio.sleep(0.01)

    async def act(action, **headers):
        answer = await manager.send_action({"Action": action, **headers})
        first = answer[0] if isinstance(answer, list) else answer
        if first.Response != "Success":
            raise SystemExit(f"{action}: {first.Message}")
        return answer

    async def create(kind, **headers):
        made[kind] = (await act(f"Out{kind}Create", **headers)).Uuid
        return made[kind]

    plan = await create(
        "Plan", Name="panoramisk", TechName="Local/", TrunkName="callee", MaxRetry1="1",
        Variable=["A=1", "B=two words"],
    )
    destination = await create("Destination", Exten="hangup", Context="destinations")
    dlma = await create("Dlma", Name="panoramisk")
    targets = [await create("DlList", DlmaUuid=dlma, Number1=number)
               for number in os.environ["NUMBERS"].split()]
    campaign = await create(
        "Campaign", Name="panoramisk", Plan=plan, Dest=destination, Dlma=dlma)
    await act("OutCampaignUpdate", Uuid=campaign, Status="1")
    await asyncio.wait_for(ended.wait(), 40)
    stat = await act("OutCampaignStatShow", Uuid=campaign)
    said["finished"] = stat[1].DlFinishedCount
    said["entries"] = len((await act("OutDlListShow", DlmaUuid=dlma))) - 2
    await act("OutCampaignUpdate", Uuid=campaign, Status="0")
    await act("OutCampaignDelete", Uuid=campaign)
    for target in targets:
        await act("OutDlListDelete", Uuid=target)
    await act("OutDlmaDelete", Uuid=dlma)
    await act("OutDestinationDelete", Uuid=destination)
    await act("OutPlanDelete", Uuid=plan)
    print(json.dumps(said))
    manager.close()


asyncio.run(main())
