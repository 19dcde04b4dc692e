namespace Kiln.Host;

/// <summary>What <c>kiln serve --help</c> says of each setting. A test holds it complete.</summary>
internal static class OptionTexts
{
    private static readonly Dictionary<string, string> Texts = new()
    {
        ["Data"] = "Folder for the database and the blocks (./data).",
        ["Listen"] = "ADDRESS:PORT to listen on (127.0.0.1:4566).",
        ["Dev"] = "Development shortcuts, loopback only: well-known credentials, movable clock.",
        ["Guests"] = "How instances run: qemu, simulated, or auto: QEMU where it is installed (auto).",
        ["GuestFolder"] = "Folder for the sockets of machines (/run/kiln for root, else /tmp/kiln-UID).",
        ["GuestNetwork"] = "What machines reach: isolated, nat or bridge (isolated).",
        ["GuestAccelerator"] = "What runs machines' processors: kvm, tcg, or auto, which probes (auto).",
        ["GuestMemoryMiB"] = "Most memory of one machine in MiB, whatever its type says (1024).",
        ["GuestProcessors"] = "Most virtual processors of one machine, whatever its type says (2).",
        ["GuestsMax"] = "Most machines on at a time (0: as many as fit into memory, up to 32).",
        ["StarterImage"] = "Make the tiny starter image in the first Region, in the background (false).",
        ["Regions"] = "Enabled Regions, separated by commas.",
        ["Database"] = "postgres://user:password@host:port/database; SQLite in the data folder without it.",
        ["MasterKey"] = "Master key file (DATA.master-key beside the data folder).",
        ["CredentialsFile"] = "AWS credentials file written on first start (DATA/credentials).",
        ["StrictRegisterDefaults"] = "RegisterImage never takes omitted attributes from the snapshot's origin.",
        ["StrictAwsCopyKey"] = "A copy without a named key never takes a multi-Region replica of the source's key.",
        ["CopyMiBPerSecond"] = "Bandwidth limit of a copy between Regions in MiB/s; 0 for none.",
        ["CopyPairMiBPerSecond"] = "Bandwidth limit of all copies from one Region to another together; 0 for none.",
        ["InFlightMiB"] = "Memory of uploads, copies and large request bodies together, in MiB (64).",
        ["InFlightWaitSeconds"] = "How long a large request body waits for it before the throttling error (10).",
        ["CacheMiB"] = "Memory for blocks that were read, in MiB (64).",
        ["RecompressLevel"] = "zstd level, 1 to 19, of recompression while idle; 0 for none (14).",
        ["RecompressIdleSeconds"] = "Recompression begins after so long without puts and reads (60).",
        ["HydrateMiBPerSecond"] = "MiB/s at which volumes that live on get a copy of their snapshot (64); 0: never.",
        ["HydrateAfterSeconds"] = "How long a volume lives before that begins (60).",
        ["BootTraceSeconds"] = "How long a boot's reads are recorded for the next boots (60); 0: never.",
        ["TrashSeconds"] = "How long freed blocks lie in the trash before they go (300).",
        ["ScrubDays"] = "Every block is read and checked once in so many days; 0 for never (14).",
        ["ScrubMiBPerSecond"] = "Rate of that reading in each Region in MiB/s; 0 for no limit (32).",
        ["CompactMiBPerSecond"] = "Rate of moving blocks out of half-empty files in MiB/s; 0 for no limit (64).",
        ["MetricsRemote"] = "Other machines may read /metrics; loopback only without it.",
        ["SimulatedBootMilliseconds"] = "How long a simulated instance takes to start or stop (200).",
        ["ImagesPerRegion"] = "Quota: AMIs per account and Region (50000).",
        ["PublicImagesPerRegion"] = "Quota: public AMIs per account and Region (5).",
        ["LaunchPermissionsPerImage"] = "Quota: launch permissions per AMI (1000).",
        ["ImageCopiesPerRegion"] = "Quota: AMI copies under way per destination Region (100).",
        ["SnapshotCopiesPerRegion"] = "Quota: snapshot copies under way per destination Region (20).",
        ["FastSnapshotRestoresPerRegion"] = "Quota: snapshots under fast restore per account and Region (5).",
        ["SnapshotsPerRegion"] = "Quota: snapshots per account and Region (100000).",
        ["VolumesPerRegion"] = "Quota: volumes per account and Region (10000).",
        ["InstancesPerRegion"] = "Quota: instances per account and Region (1000).",
    };

    /// <summary>The text of a setting, by property name.</summary>
    public static string Of(string property) => Texts[property];
}
