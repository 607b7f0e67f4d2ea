"""What people do to a run, and what they leave undone."""

from core.events.base import JSON
from core.events.schema import BranchCreated
from core.runs.model import Beginning
from tests.fakes.road import REPO, RISKY
from tests.fakes.scripted_model import saying
from tests.faults.rca_of_github import PULL, SUMMARY
from tests.faults.rca_provoking import Provoked
from tests.faults.rca_scene import Scene, scripted, within

SOON = within(gate_seconds=0.2)
UNDER_WAY = r"/compare/"


async def gate_failed(scene: Scene) -> str:
    """Change a file so that the review finds what stops it."""
    asked = await scene.asked({"app.py": f"{RISKY}# risky\n"})
    await scene.work(asked.run_id)
    return asked.run_id


async def asked_for_approval(scene: Scene) -> str:
    """Let a run come to a gate at which a person is asked."""
    asked = await scene.asked()
    await scene.work(asked.run_id, approval=True)
    await scene.base.runs.projector.drain()
    return asked.run_id


async def gate_rejected(scene: Scene) -> str:
    """Let a person say no."""
    run_id = await asked_for_approval(scene)
    assert scene.road.bot is not None
    await scene.road.bot.operations.decide(
        run_id, "approval", "reject", actor="ann", reason="not like this"
    )
    return run_id


async def gate_expired(scene: Scene) -> str:
    """Let nobody decide until nobody is waited for."""
    asked = await scene.asked()
    await scene.work(asked.run_id, approval=True, limits=SOON)
    worker = scene.worker(approval=True, limits=SOON)
    while not (await scene.base.runs.load(asked.run_id)).terminal:
        await scene.base.runs.projector.drain()
        await worker.reap()
    return asked.run_id


async def superseded(scene: Scene) -> str:
    """Push while the run waits for a worker."""
    asked = await scene.asked()
    await scene.push(asked, {"app.py": "NAME = 'newer'\n"})
    await scene.newest(asked.number, but=asked.run_id)
    await scene.until(asked.run_id, "cancelled")
    return asked.run_id


async def superseded_in_a_step(scene: Scene) -> str:
    """Push while a worker reads the change, after an error that passed."""
    asked = await scene.asked()
    scene.fault("502", PULL.format(number=asked.number), times=2)
    await scene.work(asked.run_id)
    await scene.push(asked, {"app.py": "NAME = 'newer still'\n"})
    await scene.until(asked.run_id, "cancelled")
    return asked.run_id


async def cancelled(scene: Scene) -> str:
    """Cancel by a comment."""
    asked = await scene.asked()
    await scene.road.github.comment(REPO, asked.number, "/nofx cancel")
    await scene.until(asked.run_id, "cancelled")
    return asked.run_id


async def paused(scene: Scene) -> str:
    """Put a run aside."""
    asked = await scene.asked()
    assert scene.road.bot is not None
    await scene.road.bot.operations.pause(asked.run_id, actor="ann", reason="later")
    return asked.run_id


async def unknown_model(scene: Scene) -> str:
    """Work a run whose branch wants a model that this worker has not."""
    return await overridden(scene, {"model": "large"})


async def bad_setting(scene: Scene) -> str:
    """Work a run whose branch has a setting that is none."""
    return await overridden(scene, {"fail_on": "sometimes"})


async def overridden(scene: Scene, overrides: JSON) -> str:
    """Begin a branch as an older nofx may have let it begin, and work it."""
    asked = await scene.asked()
    runs = scene.base.runs
    parent = await runs.load(asked.run_id)
    made = BranchCreated(
        origin="branch",
        parents=(),
        family=parent.family,
        overrides=overrides,
        publish=False,
        actor="ann",
        reason="try it",
    )
    run_id = runs.new_id()
    await runs.begin(run_id, parent.subject, Beginning(events=(made,)))
    await runs.release(run_id)
    await scene.work(run_id, choices=scripted(saying("[]")))
    return run_id


async def twice_refused(scene: Scene) -> str:
    """Let the same request be refused in two pull requests."""
    for asked in [await scene.asked(), last := await scene.asked()]:
        path = SUMMARY.format(number=asked.number)
        scene.fault("422", path, method="POST")
        await scene.work(asked.run_id)
        await scene.base.runs.projector.drain()
    return last.run_id


async def worse_than_before(scene: Scene) -> str:
    """Push something risky onto what was green."""
    asked = await scene.asked()
    await scene.work(asked.run_id)
    await scene.push(asked, {"app.py": f"{RISKY}# worse\n"})
    run_id = await scene.newest(asked.number, but=asked.run_id)
    await scene.work(run_id)
    return run_id


async def asked_again(scene: Scene) -> str:
    """Leave a run in the queue for a moment."""
    return (await scene.asked()).run_id


async def all_well(scene: Scene) -> str:
    """Let a harmless change be reviewed."""
    asked = await scene.asked()
    await scene.work(asked.run_id)
    return asked.run_id


PEOPLE = (
    Provoked(name="gate_failed", how="a risky change", do=gate_failed),
    Provoked(name="gate_rejected", how="a person rejects it", do=gate_rejected),
    Provoked(name="gate_expired", how="nobody decides", do=gate_expired),
    Provoked(name="superseded", how="a push while it waits", do=superseded),
    Provoked(name="superseded", how="a push after an outage", do=superseded_in_a_step),
    Provoked(name="cancelled_by_person", how="/nofx cancel", do=cancelled),
    Provoked(name="paused", how="a person pauses it", do=paused),
    Provoked(
        name="configuration_invalid",
        how="an override with an unknown model",
        do=unknown_model,
    ),
    Provoked(
        name="configuration_invalid",
        how="an override with a bad setting",
        do=bad_setting,
    ),
    Provoked(
        name="seen_before",
        how="the same refusal in an earlier run",
        do=twice_refused,
        among=True,
    ),
    Provoked(
        name="diverged",
        how="a risky push onto a green pull request",
        do=worse_than_before,
        among=True,
    ),
    Provoked(name="unknown", how="it waits in the queue", do=asked_again),
    Provoked(name="nothing_failed", how="a harmless change", do=all_well),
)
