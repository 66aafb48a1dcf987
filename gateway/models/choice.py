"""What a provider's factory is told: which model, and how it should sound."""

from msgspec import Struct

from gateway.settings import ModelOptions, VoiceOptions


class ModelChoice(Struct, frozen=True, kw_only=True):
    """One choice of a model; None and empty text leave it to the provider.

    ``setting`` is the form of the settings: a provider's name, and after a slash the model id.
    ``spoken`` tells a text model that its words are read aloud: it need not pace them. ``options``
    say how long a text model may take, ``speech`` how a voice model is spoken with.
    """

    setting: str
    voice: str = ""
    language: str = "en-US"
    spoken: bool = False
    options: ModelOptions = ModelOptions()
    speech: VoiceOptions = VoiceOptions()

    @property
    def provider(self) -> str:
        """Name of the provider."""
        return self.setting.partition("/")[0]

    @property
    def model_id(self) -> str | None:
        """The provider's name of the model, if one was chosen."""
        return self.setting.partition("/")[2] or None
