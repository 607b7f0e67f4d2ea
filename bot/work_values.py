"""The settings of work and streams, each with its bounds and what it should be."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

Slots = Annotated[
    int,
    Field(ge=0, le=64, description="how many runs a process works on at once, 0 to 64"),
]
LeaseSeconds = Annotated[
    float,
    Field(
        ge=5,
        le=3600,
        description="seconds a run stays with a silent worker, 5 to 3600",
    ),
]
RunSeconds = Annotated[
    float,
    Field(
        ge=60,
        le=604_800,
        description="seconds from a run's being asked for to its being given up, 60 to"
        " 604800",
    ),
]
DrainSeconds = Annotated[
    float,
    Field(
        ge=0,
        le=3600,
        description="seconds a step may go on once its worker is to stop, 0 to 3600",
    ),
]
AtOnce = Annotated[
    int,
    Field(
        ge=0, le=10_000, description="how many of its runs are worked at once, 0: any"
    ),
]
RequireApproval = Annotated[
    bool,
    Field(
        description="true or false: whether a person must approve each reviewed commit"
    ),
]
ResolveThreads = Annotated[
    bool,
    Field(
        description="true or false: whether threads of what was mended are resolved;"
        " the App then needs contents:write"
    ),
]
WatchQueue = Annotated[
    bool,
    Field(description="true or false: whether MongoDB's change streams wake workers"),
]
Host = Annotated[
    str,
    Field(
        pattern=r"^[\w.:-]+$",
        description="the address or host name to listen on; 0.0.0.0 for every one",
    ),
]
ACTIONS = "https://token.actions.githubusercontent.com"
OidcIssuer = Annotated[
    str,
    Field(
        description="the https address of the issuer of workflows' tokens; http only on"
        " this machine"
    ),
]
McpCommand = Annotated[
    str | None,
    Field(
        pattern=r"\S",
        max_length=1000,
        description="a command that speaks MCP, such as `github-mcp-server stdio`",
    ),
]
McpUrl = Annotated[
    str | None,
    Field(
        description="an https address such as https://api.githubcopilot.com/mcp/; http"
        " only on this machine"
    ),
]
MetricsPort = Annotated[
    int | None,
    Field(
        ge=0,
        le=65535,
        description="a port from 1 to 65535, 0 for any free one, or unset for none",
    ),
]
Streams = Annotated[
    int,
    Field(ge=1, le=100_000, description="how many may listen at once, 1 to 100000"),
]
Bundles = Annotated[
    Literal["auto", "ask"],
    Field(
        description="auto to build a bundle of each run that fails, or ask for those"
        " that somebody asks for"
    ),
]
BundleDays = Annotated[
    int,
    Field(
        ge=0, le=36_500, description="days that bundles stay, 0 to keep them for ever"
    ),
]
RetentionDays = Annotated[
    int,
    Field(
        ge=0,
        le=36_500,
        description="days that ended events stay in the feed, 0 to keep them for ever",
    ),
]
WriteSpacing = Annotated[
    float,
    Field(ge=0, le=60, description="seconds between two writes to GitHub, 0 to 60"),
]
ServiceUrl = Annotated[
    str | None,
    Field(description="the https address of a nofx, or http on this machine"),
]
ServiceToken = Annotated[
    SecretStr | None, Field(description="a token of that nofx, as `nofx token` makes")
]
