using System.Globalization;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;
using Kiln.Cli.Snapshots;

namespace Kiln.Cli.Tours;

/// <summary>An image's whole life, played against a service and told step by step. What is told is checked.</summary>
public sealed class Tour(TourScene scene, CancellationToken cancel)
{
    private readonly string _mark =
        Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(3));
    private string _disk = "", _base = "", _instance = "", _image = "", _imageSnapshot = "", _copy = "",
        _copySnapshot = "";

    /// <summary>Plays it.</summary>
    public async Task Play(string? file)
    {
        scene.Screen.Line($"A machine image's life at {scene.Owner.Connection.Endpoint}, "
            + $"in {scene.Home} and {scene.AwayRegion}.");
        await Upload(file);
        await Register();
        await Launch();
        await Create();
        await Share();
        await Copy();
        await Deprecate();
        await Deregister();
        await Delete();
        scene.Screen.Line();
        scene.Screen.Line("That is the whole life. Everything said above was checked.");
    }

    private async Task Upload(string? file)
    {
        scene.Step("Upload a raw disk: kiln snapshot upload disk.raw");
        var made = file is null ? Path.Combine(Path.GetTempPath(), $"kiln-tour-{_mark}.raw") : null;
        try
        {
            if (made is not null)
                TourDisk.Make(made);
            using var image = new RawImage(file ?? made!);
            _disk = await new Uploader(scene.Owner, Quiet()).Upload(
                image, new UploadRequest { Description = $"kiln tour {_mark}" }, cancel);
        }
        finally
        {
            if (made is not null)
                File.Delete(made);
        }
        var (full, unique) = (await scene.Usage(scene.Home, cancel))[_disk];
        scene.Tell($"{_disk} is completed: {Sizes.Bytes(full)} of data; zeros and holes were not sent.");
        scene.Cost(Prices.Of(unique, Prices.SnapshotMonth, "-month, for blocks that no other snapshot has"));
    }

    // The tour tells; the uploader need not.
    private static Screen Quiet() => new(TextWriter.Null, TextWriter.Null, terminal: false, color: false);

    private async Task Register()
    {
        scene.Step("Register an image over it: aws ec2 register-image");
        _base = TourScene.Value(await scene.Owner.Ec2("RegisterImage",
        [
            ("Name", $"tour-base-{_mark}"), ("Architecture", "x86_64"), ("RootDeviceName", "/dev/xvda"),
            ("VirtualizationType", "hvm"), ("EnaSupport", "true"), ("BlockDeviceMapping.1.DeviceName", "/dev/xvda"),
            ("BlockDeviceMapping.1.Ebs.SnapshotId", _disk), ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
        ], cancel), "imageId");
        await scene.Until(scene.Owner, "DescribeImages", "ImageId.1", _base, "imageState", "available", cancel);
        scene.Tell($"{_base} is available. No byte was copied: an image is a row over its snapshots.");
        scene.Cost("nothing for the image itself.");
        await scene.Refused("deleting the snapshot while the image uses it", "InvalidSnapshot.InUse",
            () => scene.Owner.Ec2("DeleteSnapshot", [("SnapshotId", _disk)], cancel));
    }

    private async Task Launch()
    {
        scene.Step("Launch an instance of it: aws ec2 run-instances");
        _instance = TourScene.Value(await scene.Owner.Ec2("RunInstances",
        [
            ("ImageId", _base), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1"),
        ], cancel), "instanceId");
        await scene.Until(scene.Owner, "DescribeInstances", "InstanceId.1", _instance, "instanceState", "running",
            cancel);
        scene.Tell($"{_instance} is running; its volume was ready at once and reads blocks as they are needed.");
        scene.Cost(Prices.Of(1L << 30, Prices.VolumeMonth, "-month of volume, used or not"));
    }

    private async Task Create()
    {
        scene.Step("Make an image of the instance, and tag it: aws ec2 create-image --no-reboot, create-tags");
        // The tour's disk has no system: where machines are real, a reboot would wait for one that never shuts down.
        _image = TourScene.Value(await scene.Owner.Ec2("CreateImage",
            [("InstanceId", _instance), ("Name", $"tour-golden-{_mark}"), ("NoReboot", "true")], cancel), "imageId");
        var described = await scene.Until(
            scene.Owner, "DescribeImages", "ImageId.1", _image, "imageState", "available", cancel);
        _imageSnapshot = TourScene.Value(described, "snapshotId");
        var usage = await scene.Usage(scene.Home, cancel);
        scene.Tell($"{_image} is available over {_imageSnapshot}: {Sizes.Bytes(usage[_imageSnapshot].Full)} of data, "
            + $"{Sizes.Bytes(usage[_imageSnapshot].Unique)} of it new.");
        TourScene.Claim(usage[_imageSnapshot].Unique < usage[_imageSnapshot].Full,
            "an image shares its source's blocks");
        scene.Cost(Prices.Of(usage[_imageSnapshot].Unique, Prices.SnapshotMonth, "-month; the rest is shared"));
        await scene.Owner.Ec2("CreateTags",
            [("ResourceId.1", _image), ("Tag.1.Key", "stage"), ("Tag.1.Value", $"tested-{_mark}")], cancel);
        var found = await scene.Owner.Ec2("DescribeImages",
            [("Owner.1", "self"), ("Filter.1.Name", "tag:stage"), ("Filter.1.Value.1", $"tested-{_mark}")], cancel);
        TourScene.Claim(TourScene.Value(found, "imageId") == _image, "the image is found by its tag");
        scene.Tell("Tagged stage=tested, and found by that tag.");
    }

    private async Task Share()
    {
        scene.Step("Share it with another account: aws ec2 modify-image-attribute");
        var look = () => scene.Friend.Ec2("DescribeImages", [("ImageId.1", _image)], cancel);
        await scene.Refused("looking at it from the other account before", "InvalidAMIID.NotFound", look);
        await scene.Owner.Ec2("ModifyImageAttribute",
            [("ImageId", _image), ("LaunchPermission.Add.1.UserId", FriendId)], cancel);
        TourScene.Claim(TourScene.Value(await look(), "imageId") == _image, "the other account sees the image");
        scene.Tell($"Account {FriendId} sees it now and may launch it; it cannot change or share it.");
        await scene.Refused("deregistering it from the other account", "AuthFailure",
            () => scene.Friend.Ec2("DeregisterImage", [("ImageId", _image)], cancel));
        scene.Cost("nothing.");
    }

    private string FriendId { get; set; } = "";

    /// <summary>Says which account the friend is.</summary>
    public Tour With(string friendId)
    {
        FriendId = friendId;
        return this;
    }

    private async Task Copy()
    {
        scene.Step($"Copy it to {scene.AwayRegion}, encrypted: aws ec2 copy-image --encrypted");
        _copy = TourScene.Value(await scene.Away.Ec2("CopyImage",
        [
            ("SourceRegion", scene.Home), ("SourceImageId", _image), ("Name", $"tour-golden-{_mark}"),
            ("Encrypted", "true"),
        ], cancel), "imageId");
        var described = await scene.Until(
            scene.Away, "DescribeImages", "ImageId.1", _copy, "imageState", "available", cancel);
        _copySnapshot = TourScene.Value(described, "snapshotId");
        var snapshot = await scene.Away.Ec2("DescribeSnapshots", [("SnapshotId.1", _copySnapshot)], cancel);
        TourScene.Claim(TourScene.Value(snapshot, "encrypted") == "true", "the copy is encrypted");
        var full = (await scene.Usage(scene.AwayRegion, cancel))[_copySnapshot].Full;
        scene.Tell($"{_copy} is available over {_copySnapshot}, under the account's default key there.");
        scene.Cost(Prices.Of(full, Prices.Transfer, " moved between Regions"));
        scene.Cost(Prices.Of(full, Prices.SnapshotMonth, "-month in the second Region"));
        await scene.Refused("looking at the copy from the other account", "InvalidAMIID.NotFound", async () =>
        {
            using var there = new AwsClient(scene.Friend.Connection with { Region = scene.AwayRegion });
            await there.Ec2("DescribeImages", [("ImageId.1", _copy)], cancel);
        });
    }

    private async Task Deprecate()
    {
        scene.Step("Deprecate it in 30 days, and let them pass: aws ec2 enable-image-deprecation");
        var clock = await scene.Owner.Kiln("GetClock", [], cancel);
        if (!(bool)clock["Movable"]!)
        {
            scene.Tell("The clock moves in development only (kiln serve --dev): left out.");
            return;
        }
        var now = DateTimeOffset.FromUnixTimeSeconds((long)(double)clock["Now"]!);
        var at = now.AddDays(30).ToString("yyyy-MM-dd'T'HH:mm:'00Z'", CultureInfo.InvariantCulture);
        await scene.Owner.Ec2("EnableImageDeprecation", [("ImageId", _image), ("DeprecateAt", at)], cancel);
        var list = (AwsClient who) => who.Ec2("DescribeImages",
            [("Filter.1.Name", "name"), ("Filter.1.Value.1", $"tour-golden-{_mark}")], cancel);
        TourScene.Claim((await list(scene.Friend)).Descendants("imageId").Any(), "it is listed before its date");
        await scene.Owner.Kiln("AdvanceClock", new() { ["Seconds"] = 31 * 86400 }, cancel, patient: false);
        TourScene.Claim(!(await list(scene.Friend)).Descendants("imageId").Any(), "it is not listed after its date");
        TourScene.Claim((await list(scene.Owner)).Descendants("imageId").Any(), "its owner still sees it");
        var byId = await scene.Friend.Ec2("DescribeImages", [("ImageId.1", _image)], cancel);
        TourScene.Claim(TourScene.Value(byId, "imageId") == _image, "it is found by its id");
        scene.Tell("31 days later (kiln clock advance 31d) others find it by its id only; its owner still lists it.");
    }

    private async Task Deregister()
    {
        scene.Step("Deregister the images: aws ec2 deregister-image");
        await scene.Owner.Ec2("TerminateInstances", [("InstanceId.1", _instance)], cancel);
        await scene.Until(
            scene.Owner, "DescribeInstances", "InstanceId.1", _instance, "instanceState", "terminated", cancel);
        await scene.Owner.Ec2("DeregisterImage", [("ImageId", _image)], cancel);
        await scene.Owner.Ec2("DeregisterImage", [("ImageId", _base)], cancel);
        await scene.Away.Ec2("DeregisterImage", [("ImageId", _copy)], cancel);
        await scene.Refused("launching a deregistered image", "InvalidAMIID.Unavailable", () =>
            scene.Owner.Ec2("RunInstances",
            [("ImageId", _image), ("InstanceType", "t3.micro"), ("MinCount", "1"), ("MaxCount", "1")], cancel));
        var left = await scene.Usage(scene.Home, cancel);
        TourScene.Claim(left.ContainsKey(_disk) && left.ContainsKey(_imageSnapshot), "snapshots outlive their images");
        scene.Tell($"The images are gone. Their snapshots {_disk}, {_imageSnapshot} and {_copySnapshot} "
            + "remain, and go on costing as before: deregistering frees nothing.");
    }

    private async Task Delete()
    {
        scene.Step("Delete the snapshots: aws ec2 delete-snapshot");
        var before = await scene.Usage(scene.Home, cancel);
        await scene.Owner.Ec2("DeleteSnapshot", [("SnapshotId", _imageSnapshot)], cancel);
        var between = await scene.Usage(scene.Home, cancel);
        TourScene.Claim(between[_disk].Unique >= before[_disk].Unique, "what was shared is now the other's alone");
        scene.Tell($"{_imageSnapshot} is gone; the blocks it shared are now {_disk}'s alone "
            + $"({Sizes.Bytes(between[_disk].Unique)}).");
        await scene.Owner.Ec2("DeleteSnapshot", [("SnapshotId", _disk)], cancel);
        await scene.Away.Ec2("DeleteSnapshot", [("SnapshotId", _copySnapshot)], cancel);
        var after = await scene.Usage(scene.Home, cancel);
        var away = await scene.Usage(scene.AwayRegion, cancel);
        TourScene.Claim(!after.ContainsKey(_disk) && !away.ContainsKey(_copySnapshot), "the snapshots are gone");
        scene.Tell("All are gone. Nothing refers to their blocks any more; the next collection frees them.");
        scene.Cost("nothing any more.");
    }
}
