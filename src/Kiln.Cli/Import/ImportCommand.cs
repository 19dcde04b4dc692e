using System.CommandLine;
using Kiln.Cli.Images;
using Kiln.Cli.Snapshots;
using Kiln.Disks;

namespace Kiln.Cli.Import;

/// <summary><c>kiln import FILE|URL</c>: brings in a published cloud image.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string> Source = new("FILE|URL")
    {
        Description = "A disk image: qcow2, raw, VMDK or VHD; also compressed with gzip, xz or zstd.",
    };

    private static readonly Option<string> Name = new("--name") { Description =
        "The image's name; that of the file without it." };
    private static readonly Option<string> Description = new("--description") { Description =
        "The image's description." };
    private static readonly Option<string> Architecture = new("--architecture") { Description =
        "x86_64 or arm64; found out without it where the disk or its name tells." };
    private static readonly Option<string> BootMode = new("--boot-mode") { Description =
        "legacy-bios, uefi or uefi-preferred; found out without it." };
    private static readonly Option<string> Format = new("--format") { Description =
        "raw, qcow2, vmdk or vhd; found out without it." };
    private static readonly Option<bool> Encrypted = new("--encrypted") { Description =
        "Encrypt, under the default key or --kms-key-id." };
    private static readonly Option<string> Key = new("--kms-key-id") { Description =
        "The key: id, ARN or alias. Needs --encrypted." };
    private static readonly Option<int?> Size = new("--volume-size") { Description =
        "GiB; the smallest that holds the disk without it." };

    /// <summary>The verb.</summary>
    public static Command Make()
    {
        Architecture.AcceptOnlyFromAmong("x86_64", "arm64");
        BootMode.AcceptOnlyFromAmong("legacy-bios", "uefi", "uefi-preferred");
        Format.AcceptOnlyFromAmong("raw", "qcow2", "vmdk", "vhd");
        var command = new Command("import", "Make an image of a published cloud image; prints its id.")
        {
            Source, Name, Description, Architecture, BootMode, Format, Encrypted, Key, Size,
        };
        return ConnectionOptions.Verb(command, lists: false, Run);
    }

    private static async Task<int> Run(Verb verb)
    {
        var given = verb.Arguments.GetValue(Source)!;
        if (verb.Arguments.GetValue(Key) is not null && !verb.Arguments.GetValue(Encrypted))
            throw new CliException("--kms-key-id needs --encrypted.", ExitCodes.Usage);
        var name = verb.Arguments.GetValue(Name) ?? FileName(given);
        await CheckName(verb, name);
        var work = Directory.CreateTempSubdirectory("kiln-import-").FullName;
        try
        {
            var file = given;
            var isAddress = Uri.TryCreate(given, UriKind.Absolute, out var address)
                && address.Scheme is "http" or "https";
            if (isAddress)
            {
                var cache = RecipeRun.CacheFolder(Environment.GetEnvironmentVariable);
                file = await new Fetched(verb.Screen, TimeProvider.System).Download(
                    address!, cache is null ? work : Path.Combine(cache, "downloads"), verb.Cancel);
            }
            else if (!File.Exists(file))
            {
                throw new CliException($"There is no file {file}.", ExitCodes.Usage);
            }
            var disk = file;
            if (verb.Arguments.GetValue(Format) != "raw" && Unpacked.ProgramFor(file) is { } program)
            {
                disk = Path.Combine(work, "disk");
                await Unpacked.Unpack(file, program, disk, verb.Screen, verb.Cancel);
            }
            verb.Screen.Line(await Import(verb, disk, FileName(given), name));
            if (isAddress)
                Fetched.Forget(file);
            return ExitCodes.Done;
        }
        catch (DiskFormatException wrong)
        {
            throw new CliException(wrong.Message);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    // Before anything is downloaded and uploaded.
    private static async Task CheckName(Verb verb, string name)
    {
        var answer = await verb.Client.Ec2("DescribeImages",
            [("Owner.1", "self"), ("Filter.1.Name", "name"), ("Filter.1.Value.1", name)], verb.Cancel);
        if (Registration.Items(answer).FirstOrDefault() is { } there)
        {
            throw new CliException($"The image {there.Element("imageId")?.Value} has the name {name} already: give "
                + "another by --name.", ExitCodes.Usage);
        }
    }

    private static async Task<string> Import(Verb verb, string file, string fileName, string name)
    {
        var arguments = verb.Arguments;
        using var source = DiskSource.Open(file);
        var reader = Disk.Open(source, arguments.GetValue(Format));
        var facts = DiskFacts.Of(reader);
        if (!facts.IsBootable)
        {
            throw new CliException($"{fileName} ({reader.Format}) has no partition table, so nothing could boot from "
                + "it. A disk for data goes in with: kiln snapshot upload");
        }
        if (!facts.IsWhole)
        {
            throw new CliException($"{fileName} ({reader.Format}) ends before the disk that its partition table "
                + "describes: it is cut off. If it is meant to be so: kiln snapshot upload, aws ec2 register-image");
        }
        var architecture = arguments.GetValue(Architecture) ?? facts.Architecture ?? FromName(fileName)
            ?? throw new CliException("Neither the disk nor its name tells the architecture: give --architecture.",
                ExitCodes.Usage);
        var bootMode = arguments.GetValue(BootMode) ?? facts.BootMode;
        if (architecture == "arm64")
            bootMode = "uefi";
        verb.Screen.Say($"{fileName}: {reader.Format}, {architecture}, {bootMode}, "
            + Output.Sizes.Bytes(reader.Length));
        // A raw file's holes are known to its file system alone.
        using var raw = reader.Format == "raw" ? new RawImage(file) : null;
        var snapshot = await new Uploader(verb.Client, verb.Screen).Upload(
            raw is not null ? raw : new DecodedDisk(reader), new UploadRequest
            {
                Description = $"Imported from {fileName}",
                Encrypted = arguments.GetValue(Encrypted),
                KmsKeyId = arguments.GetValue(Key),
                VolumeSizeGiB = arguments.GetValue(Size),
            }, verb.Cancel);
        return await new Registration
        {
            Name = name,
            Description = arguments.GetValue(Description) ?? $"Imported from {fileName}",
            Architecture = architecture,
            BootMode = bootMode,
        }.Register(verb.Client, snapshot, verb.Cancel);
    }

    /// <summary>The architecture that a published image's name tells.</summary>
    internal static string? FromName(string name) =>
        Has(name, "arm64", "aarch64") ? "arm64" : Has(name, "amd64", "x86_64", "x86-64") ? "x86_64" : null;

    private static bool Has(string name, params string[] marks) =>
        marks.Any(m => name.Contains(m, StringComparison.OrdinalIgnoreCase));

    // An image's name has few characters that a file's or an address's could not have.
    private static string FileName(string given)
    {
        var name = Path.GetFileName(given.Split('?', '#')[0]);
        name = string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || "()./-_[]'@ ".Contains(c) ? c : '-'));
        return name.Length is >= 3 and <= 128 ? name : $"import-{name[..Math.Min(name.Length, 100)]}";
    }
}
