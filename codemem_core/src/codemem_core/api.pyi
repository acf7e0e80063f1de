"""The names of `codemem_core.api`; it imports each when it is first used."""

# What a plugin's hooks return.
from codemem_core.hookspecs import hookimpl as hookimpl
from codemem_core.config.setting import Setting as Setting
from codemem_core.records.seams import (
    MORE as MORE,
    SERVICE as SERVICE,
    AuthSource as AuthSource,
    BackgroundWorker as BackgroundWorker,
    ChangeFollower as ChangeFollower,
    Command as Command,
    Embedder as Embedder,
    FlushPolicy as FlushPolicy,
    HealthCheck as HealthCheck,
    HostSetup as HostSetup,
    IngestSource as IngestSource,
    Page as Page,
    ObserverRuntime as ObserverRuntime,
    Route as Route,
)

# What the targets are, and what they are given.
from codemem_core.config.settings import (
    Settings as Settings,
    sweep_interval_ms as sweep_interval_ms,
)
from codemem_core.plugins.examine import Examiner as Examiner, HealthScope as HealthScope
from codemem_core.records.protocols import (
    AuditedHistory as AuditedHistory,
    AuthRequest as AuthRequest,
    BoundedPolicy as BoundedPolicy,
    Check as Check,
    CompletingSource as CompletingSource,
    Credential as Credential,
    EventContext as EventContext,
    HistorySource as HistorySource,
    Installable as Installable,
    Installer as Installer,
    ModelNamer as ModelNamer,
    Observer as Observer,
    ObserveRequest as ObserveRequest,
    ObserverReply as ObserverReply,
    Policy as Policy,
    RecordedSource as RecordedSource,
    SessionFiles as SessionFiles,
    Source as Source,
    TextEmbedder as TextEmbedder,
    TokenSource as TokenSource,
)
from codemem_core.flush.background import Worker as Worker
from codemem_core.flush.followers import Follower as Follower

# Events, evidence and memories.
from codemem_core.records.event import (
    AdapterEvent as AdapterEvent,
    FlushDecision as FlushDecision,
    StreamState as StreamState,
    epoch_ms as epoch_ms,
    event_time as event_time,
    iso_time as iso_time,
)
from codemem_core.records.evidence import (
    Answer as Answer,
    Boundary as Boundary,
    Evidence as Evidence,
    EvidenceItem as EvidenceItem,
    Message as Message,
    Prompt as Prompt,
    ToolCall as ToolCall,
)
from codemem_core.records.memory import (
    Memory as Memory,
    Observation as Observation,
    Summary as Summary,
)

# What was committed to memories, for a follower.
from codemem_core.records.change import Change as Change
from codemem_core.store import changes as changes, plugin_tables as plugin_tables

# Errors.
from codemem_core.errors import (
    AuthError as AuthError,
    CodememError as CodememError,
    ContextTooLong as ContextTooLong,
    InputError as InputError,
    Misconfigured as Misconfigured,
    NotFound as NotFound,
    ObserverError as ObserverError,
    PermanentError as PermanentError,
    RateLimited as RateLimited,
    SettingsError as SettingsError,
    StoreError as StoreError,
    TransientError as TransientError,
    Unreachable as Unreachable,
)

# Storing events, and what is stored.
from codemem_core.capture.delivery import Parcel as Parcel
from codemem_core.capture.intake import Intake as Intake
from codemem_core.capture.log_tail import (
    MAY_GO_ON as MAY_GO_ON,
    STILL_OPEN_MS as STILL_OPEN_MS,
    closed_logs as closed_logs,
    log_records as log_records,
)
from codemem_core.capture.receive import (
    Received as Received,
    receive as receive,
    receive_all as receive_all,
)
from codemem_core.store.engine.store import Store as Store
from codemem_core.store.events import Backlog as Backlog, backlog as backlog
from codemem_core.store.tool_use_ids import last_hooks as last_hooks

# Files and text.
from codemem_core.records.tool_text import tool_text as tool_text
from codemem_core import diffs as diffs
from codemem_core.config import jsonc as jsonc, jsonc_edit as jsonc_edit
from codemem_core.paths import (
    database_path as database_path,
    home_folder as home_folder,
    log_path as log_path,
    make_private_folder as make_private_folder,
    open_private as open_private,
    socket_path as socket_path,
)
from codemem_core.redact import redact as redact, strip_private as strip_private

# Which codemem this is, and which provider the user chose.
from codemem_core._version import __version__ as __version__
from codemem_core.observers.credentials import provider_of as provider_of
