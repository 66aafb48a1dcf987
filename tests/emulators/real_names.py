"""Talks with Nova Sonic under its real name: run where that name leads to this machine.

`python -m tests.emulators.real_names` in a network namespace of its own, as
`test_real_names.py` does. Nothing of strands is replaced and no endpoint is set; only the
authority of the emulator is trusted. Prints what the service has seen, as JSON.
"""

import asyncio
import json
import os
import sys

from tests.emulators.emulator import AwsEmulator, clean

VARIABLES_OF_THE_SEAM = (
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    "AWS_ENDPOINT_URL_KINESIS_VIDEO",
    "AWS_CA_BUNDLE",
)
HTTPS = 443


async def talk() -> list[str]:
    """One spoken turn with the class as strands has it; gives the words of both sides."""
    import boto3
    from strands.bidi.models.bedrock import BedrockNovaSonicModel

    from tests.emulators.sonic.strands_session import (
        MODEL,
        SILENCE,
        SPEECH,
        say,
        started,
        until,
        words,
    )

    model = BedrockNovaSonicModel(boto_session=boto3.Session(), model_id=MODEL)
    async with started(model, system_prompt="Be short."):
        await say(model, SPEECH, SILENCE)
        events = await until(model, "bidi_response_stop")
    return [words(events, "user"), words(events, "assistant")]


def main() -> None:
    """Talk, and tell."""
    with AwsEmulator(port=HTTPS) as aws:
        environment = clean(os.environ) | aws.environment()
        for name in VARIABLES_OF_THE_SEAM:
            del environment[name]
        os.environ.clear()
        os.environ.update(environment)
        said = asyncio.run(talk())
        [session] = aws.sonic.ended(1)
    seen = {
        "said": said,
        "names": session.names(),
        "outcome": session.outcome,
        "violations": session.violations,
        "signed": session.is_signed_to_the_end,
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
