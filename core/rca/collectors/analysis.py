"""What the rules found in the run's story, for machines."""

from typing_extensions import override

from core.events.commit import shown
from core.rca.collectors.parts import Part


class AnalysisCollector(Part):
    """Writes `analysis/verdicts.json` and `analysis/timeline.json`."""

    name = "analysis"

    @override
    async def finish(self) -> None:
        found = self.source.analysis
        verdicts = {
            "outcome": found.outcome,
            "causes": [
                {
                    "name": cause.name,
                    "sentence": cause.sentence,
                    "confidence": str(cause.confidence),
                    "next_action": cause.next_action,
                    "began_at": shown(cause.began_at),
                    "evidence": cause.evidence,
                    "explains": sorted(cause.explains),
                }
                for cause in found.causes
            ],
            "changed": found.changed,
            "against": found.against,
        }
        await self.packer.json("analysis/verdicts", verdicts)
        timeline = [
            {
                "seq": moment.seq,
                "event_id": moment.event_id,
                "time": shown(moment.time),
                "after_seconds": moment.after_seconds,
                "words": moment.words,
                "weight": moment.weight,
            }
            for moment in found.timeline
        ]
        await self.packer.json("analysis/timeline", timeline)
