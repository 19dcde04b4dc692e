using System.CommandLine;

namespace Kiln.Cli.Snapshots;

/// <summary><c>kiln snapshot upload|download</c>: raw disk images in and out.</summary>
internal static class SnapshotCommand
{
    /// <summary>The verb.</summary>
    public static Command Make() => new("snapshot", "Move raw disk images in and out.") { Upload(), Download() };

    private static Command Upload()
    {
        var file = new Argument<string>("FILE") { Description = "A raw disk image; sparse files are read as such." };
        var description = new Option<string>("--description") { Description = "The snapshot's description." };
        var encrypted = new Option<bool>("--encrypted") { Description =
            "Encrypt, under the default key or --kms-key-id." };
        var key = new Option<string>("--kms-key-id") { Description = "The key: id, ARN or alias. Needs --encrypted." };
        var size = new Option<int?>("--volume-size") { Description = "GiB; the smallest that holds FILE without it." };
        var parent = new Option<string>("--parent") { Description = "The snapshot that FILE is an increment over." };
        var command = new Command("upload", "Make a snapshot of a raw disk image; prints its id when it is completed.")
        {
            file, description, encrypted, key, size, parent,
        };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var arguments = verb.Arguments;
            if (arguments.GetValue(key) is not null && !arguments.GetValue(encrypted))
                throw new CliException("--kms-key-id needs --encrypted.", ExitCodes.Usage);
            using var image = new RawImage(arguments.GetValue(file)!);
            var id = await new Uploader(verb.Client, verb.Screen).Upload(image, new UploadRequest
            {
                Description = arguments.GetValue(description),
                Encrypted = arguments.GetValue(encrypted),
                KmsKeyId = arguments.GetValue(key),
                VolumeSizeGiB = arguments.GetValue(size),
                ParentSnapshotId = arguments.GetValue(parent),
            }, verb.Cancel);
            verb.Screen.Line(id);
            return ExitCodes.Done;
        });
    }

    private static Command Download()
    {
        var snapshot = new Argument<string>("SNAPSHOT") { Description = "A completed snapshot, own or shared." };
        var file = new Argument<string>("FILE") { Description = "The file to make, or to replace when all is there." };
        var command = new Command("download", "Write a snapshot to a raw disk image, every block verified.")
        {
            snapshot, file,
        };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var path = verb.Arguments.GetValue(file)!;
            await new Downloader(verb.Client, verb.Screen)
                .Download(verb.Arguments.GetValue(snapshot)!, path, verb.Cancel);
            verb.Screen.Line(path);
            return ExitCodes.Done;
        });
    }
}
