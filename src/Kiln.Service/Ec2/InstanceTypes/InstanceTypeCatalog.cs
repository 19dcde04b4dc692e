using System.Collections.Frozen;
using System.Text.Json;
using Kiln.Protocol.Errors;

namespace Kiln.Service.Ec2.InstanceTypes;

/// <summary>The instance types that Kiln knows: the same in every Region and zone.</summary>
/// <remarks>Read from instance-types.json, facts by family and size, on first use.</remarks>
public static class InstanceTypeCatalog
{
    /// <summary>The type of a launch that names none: EC2's default.</summary>
    public const string Default = "m1.small";

    private const string Resource = "Kiln.Service.Ec2.InstanceTypes.instance-types.json";

    private static readonly Lazy<FrozenDictionary<string, InstanceType>> ByName = new(Read);

    /// <summary>All types by name.</summary>
    public static IEnumerable<InstanceType> All => ByName.Value.Values.OrderBy(t => t.Name, StringComparer.Ordinal);

    /// <summary>The type of a name, or null.</summary>
    public static InstanceType? Find(string name) => ByName.Value.GetValueOrDefault(name);

    /// <summary>The type of a name.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, as RunInstances says it.</exception>
    public static InstanceType Of(string name) => Find(name) ?? throw Ec2Error.InvalidParameterValue(
        $"Invalid value '{Ec2Error.Short(name)}' for InstanceType.");

    private static FrozenDictionary<string, InstanceType> Read()
    {
        using var stream = typeof(InstanceTypeCatalog).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from the build.");
        var families = JsonSerializer.Deserialize<IReadOnlyList<FamilyFacts>>(stream)!;
        return families.SelectMany(f => f.Sizes.Select(s => Type(f, s)))
            .ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);
    }

    private static InstanceType Type(FamilyFacts family, SizeFacts size) => new()
    {
        Name = $"{family.Family}.{size.Size}",
        Family = family.Family,
        Architectures = size.Architectures ?? family.Architectures,
        VirtualizationTypes = family.VirtualizationTypes,
        RootDeviceTypes = family.RootDeviceTypes,
        BootModes = family.BootModes,
        Hypervisor = size.BareMetal ? null : family.Hypervisor,
        CurrentGeneration = family.CurrentGeneration,
        Burstable = family.Burstable,
        BareMetal = size.BareMetal,
        EnaSupport = family.EnaSupport,
        EbsNvme = family.EbsNvme,
        EbsOptimized = family.EbsOptimized,
        Manufacturer = family.Manufacturer,
        ThreadsPerCore = Math.Min(family.ThreadsPerCore, size.VCpus),
        VCpus = size.VCpus,
        MemoryMiB = size.MemoryMiB,
        Disks = size.Disks,
        DiskGB = size.DiskGB,
        DiskType = size.DiskType,
        Network = size.Network,
        Interfaces = size.Interfaces,
        AddressesPerInterface = size.AddressesPerInterface,
    };

    private sealed record FamilyFacts
    {
        public required string Family { get; init; }
        public required IReadOnlyList<string> Architectures { get; init; }
        public required IReadOnlyList<string> VirtualizationTypes { get; init; }
        public required IReadOnlyList<string> RootDeviceTypes { get; init; }
        public required IReadOnlyList<string> BootModes { get; init; }
        public required string Hypervisor { get; init; }
        public required bool CurrentGeneration { get; init; }
        public required bool Burstable { get; init; }
        public required string EnaSupport { get; init; }
        public required string EbsNvme { get; init; }
        public required string EbsOptimized { get; init; }
        public required string Manufacturer { get; init; }
        public required int ThreadsPerCore { get; init; }
        public required IReadOnlyList<SizeFacts> Sizes { get; init; }
    }

    private sealed record SizeFacts
    {
        public required string Size { get; init; }
        public required int VCpus { get; init; }
        public required int MemoryMiB { get; init; }
        public required int Interfaces { get; init; }
        public required int AddressesPerInterface { get; init; }
        public required string Network { get; init; }
        public int Disks { get; init; }
        public int DiskGB { get; init; }
        public string DiskType { get; init; } = "ssd";
        public bool BareMetal { get; init; }
        public IReadOnlyList<string>? Architectures { get; init; }
    }
}
