using System.Text.Json.Serialization;

namespace Kiln.Blocks.Collection;

/// <summary>What a scrub is at.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScrubPhase>))]
public enum ScrubPhase
{
    /// <summary>No pass is under way.</summary>
    Idle,

    /// <summary>Reads every record of every segment.</summary>
    Segments,

    /// <summary>Walks every manifest: what it names must be there.</summary>
    Manifests,
}
