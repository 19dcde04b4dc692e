using System.Text.Json.Serialization;

namespace Kiln.Blocks.Collection;

/// <summary>Kinds of damage.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CheckProblemKind>))]
public enum CheckProblemKind
{
    /// <summary>A segment file cannot be read as one.</summary>
    SegmentUnreadable,

    /// <summary>A record's header or stored bytes fail their hash.</summary>
    RecordDamaged,

    /// <summary>Stored bytes are intact, but do not unpack to what their address says.</summary>
    ContentWrong,

    /// <summary>A manifest does not hash to its name.</summary>
    ManifestDamaged,

    /// <summary>A row names a manifest that is not there.</summary>
    ManifestMissing,

    /// <summary>A manifest names a page or block that no record has.</summary>
    RecordMissing,
}
