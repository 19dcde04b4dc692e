namespace Kiln.Service.Ec2.Volumes;

/// <summary>What a volume type allows. Amazon EBS User Guide "Amazon EBS volume types".</summary>
/// <param name="Name">The type, e.g. <c>gp3</c>.</param>
/// <param name="SizeMin">The least size, GiB.</param>
/// <param name="SizeMax">The greatest size, GiB.</param>
/// <param name="Boots">Whether it may be a root volume.</param>
public sealed record VolumeTypeFacts(string Name, int SizeMin, int SizeMax, bool Boots)
{
    /// <summary>The type where none is named: the API's default.</summary>
    public const string Default = "gp2";

    /// <summary>The least IOPS; null where the type takes none.</summary>
    public int? IopsMin { get; init; }

    /// <summary>The greatest IOPS.</summary>
    public int? IopsMax { get; init; }

    /// <summary>IOPS where none are given; null where they must be given, or are not.</summary>
    public int? IopsDefault { get; init; }

    /// <summary>MiB/s where none are given; null where the type takes none.</summary>
    public int? ThroughputDefault { get; init; }

    /// <summary>The greatest MiB/s.</summary>
    public int? ThroughputMax { get; init; }

    /// <summary>Whether IOPS may be given.</summary>
    public bool TakesIops => IopsMin is not null;

    /// <summary>Whether IOPS must be given.</summary>
    public bool NeedsIops => TakesIops && IopsDefault is null;

    private static readonly Dictionary<string, VolumeTypeFacts> All = new VolumeTypeFacts[]
    {
        new("gp3", 1, 65_536, Boots: true)
        {
            IopsMin = 3_000, IopsMax = 80_000, IopsDefault = 3_000, ThroughputDefault = 125, ThroughputMax = 2_000,
        },
        new("gp2", 1, 16_384, Boots: true),
        new("io1", 4, 16_384, Boots: true) { IopsMin = 100, IopsMax = 64_000 },
        new("io2", 4, 65_536, Boots: true) { IopsMin = 100, IopsMax = 256_000 },
        new("st1", 125, 16_384, Boots: false),
        new("sc1", 125, 16_384, Boots: false),
        new("standard", 1, 1_024, Boots: true),
    }.ToDictionary(t => t.Name, StringComparer.Ordinal);

    /// <summary>The facts of a type, or null where there is no such type.</summary>
    public static VolumeTypeFacts? Of(string name) => All.GetValueOrDefault(name);
}
