using System.Text.Json.Serialization;

namespace Kiln.Blocks.Collection;

/// <summary>What a collection is at, in this order. docs/life-of-a-block.md says which survive a restart.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CollectionStage>))]
public enum CollectionStage
{
    /// <summary>None is under way.</summary>
    Idle,

    /// <summary>Draws the line (epoch, leases) and asks for the roots.</summary>
    Roots,

    /// <summary>Marks what the roots reach, a page at a time.</summary>
    Mark,

    /// <summary>Trashes manifests that nobody needs.</summary>
    SweepManifests,

    /// <summary>Trashes segments without a live record, and finds the thin ones.</summary>
    SweepSegments,

    /// <summary>Moves the live records out of thin segments, at a set rate.</summary>
    Compact,

    /// <summary>Deletes for good what has lain in the trash long enough.</summary>
    Purge,
}
