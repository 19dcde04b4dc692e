using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using Kiln.Protocol.Signing;

namespace Kiln.Conformance.Fixtures;

/// <summary>What the claims are about, done by real clients over HTTP: disks, images, instances, and their
/// bytes.</summary>
public sealed class World : IAsyncLifetime
{
    /// <summary>The unit of the EBS direct APIs.</summary>
    public const int BlockBytes = 512 * 1024;

    private readonly List<IDisposable> _clients = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private int _names;

    /// <summary>The process under test.</summary>
    public KilnProcess Kiln { get => field ??= new KilnProcess(); init; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => Kiln.InitializeAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            client.Dispose();
        _http.Dispose();
        return Kiln.DisposeAsync();
    }

    /// <summary>The .NET SDK's EC2 client as an account's root.</summary>
    public AmazonEC2Client Ec2(string account = KilnProcess.A, string region = KilnProcess.R1) =>
        Keep(new AmazonEC2Client(
        new BasicAWSCredentials(account, "test"),
        new AmazonEC2Config { ServiceURL = Kiln.Url, AuthenticationRegion = region, MaxErrorRetry = 0 }));

    /// <summary>The .NET SDK's KMS client as an account's root.</summary>
    public AmazonKeyManagementServiceClient Kms(string account = KilnProcess.A, string region = KilnProcess.R1) => Keep(
        new AmazonKeyManagementServiceClient(new BasicAWSCredentials(account, "test"),
            new AmazonKeyManagementServiceConfig { ServiceURL = Kiln.Url, AuthenticationRegion = region,
                MaxErrorRetry = 0 }));

    /// <summary>A name that no other test has.</summary>
    public string Name(string stem) => string.Create(
        CultureInfo.InvariantCulture, $"{stem}-{Interlocked.Increment(ref _names)}");

    /// <summary>Uploads a 1 GiB disk with some blocks of bytes that only this seed makes, through the EBS direct
    /// APIs.</summary>
    public async Task<string> Disk(
        int seed, string account = KilnProcess.A, string region = KilnProcess.R1, bool encrypted = false,
        string? key = null,
        string? parent = null, IReadOnlyList<int>? blocks = null, byte[]? boots = null)
    {
        var start = new Dictionary<string, object> { ["VolumeSize"] = 1 };
        if (encrypted)
            start["Encrypted"] = true;
        if (key is not null)
            start["KmsKeyArn"] = key;
        if (parent is not null)
            start["ParentSnapshotId"] = parent;
        var started =
            await Ebs(HttpMethod.Post, "/snapshots", JsonSerializer.SerializeToUtf8Bytes(start), account, region);
        var id = JsonDocument.Parse(started).RootElement.GetProperty("SnapshotId").GetString()!;
        blocks ??= [0, 1, 7, 2047];
        foreach (var index in blocks)
        {
            var block = Block(seed, index);
            if (index == 0)
                boots?.CopyTo(block, 0);
            await Ebs(HttpMethod.Put, $"/snapshots/{id}/blocks/{index}", block, account, region, new()
            {
                ["x-amz-Data-Length"] = BlockBytes.ToString(CultureInfo.InvariantCulture),
                ["x-amz-Checksum"] = Convert.ToBase64String(SHA256.HashData(block)),
                ["x-amz-Checksum-Algorithm"] = "SHA256",
            });
        }
        await Ebs(HttpMethod.Post, $"/snapshots/completion/{id}", [], account, region, new()
        {
            ["x-amz-ChangedBlocksCount"] = blocks.Count.ToString(CultureInfo.InvariantCulture),
        });
        await Completed(id, account, region);
        return id;
    }

    /// <summary>The bytes of one block of a disk.</summary>
    public static byte[] Block(int seed, int index)
    {
        var block = new byte[BlockBytes];
        // Half random, half zero: neither all-zero nor incompressible.
        new Random(seed * 7919 + index).NextBytes(block.AsSpan(0, BlockBytes / 2));
        return block;
    }

    /// <summary>The digest that <see cref="Digest"/> gives for a disk of this seed.</summary>
    public static string DigestOf(int seed, IReadOnlyList<int>? blocks = null)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var index in blocks ?? [0, 1, 7, 2047])
        {
            digest.AppendData(BitConverter.GetBytes(index));
            digest.AppendData(Block(seed, index));
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    /// <summary>SHA-256 over index and bytes of every block of a completed snapshot that is not all zero.</summary>
    public async Task<string> Digest(string snapshot, string account = KilnProcess.A, string region = KilnProcess.R1)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string? page = null;
        do
        {
            var query = page is null ? "" : $"?pageToken={Uri.EscapeDataString(page)}";
            var list = JsonDocument.Parse(
                await Ebs(HttpMethod.Get, $"/snapshots/{snapshot}/blocks{query}", [], account, region)).RootElement;
            foreach (var block in list.GetProperty("Blocks").EnumerateArray())
            {
                var index = block.GetProperty("BlockIndex").GetInt32();
                var token = Uri.EscapeDataString(block.GetProperty("BlockToken").GetString()!);
                var bytes = await Ebs(
                    HttpMethod.Get, $"/snapshots/{snapshot}/blocks/{index}?blockToken={token}", [], account, region);
                if (!bytes.AsSpan().ContainsAnyExcept((byte)0))
                    continue;
                digest.AppendData(BitConverter.GetBytes(index));
                digest.AppendData(bytes);
            }
            page = list.TryGetProperty("NextToken", out var next) ? next.GetString() : null;
        }
        while (page is not null);
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    /// <summary>Writes a completed snapshot into a file: all of its blocks, or those in which it differs from the
    /// snapshot that the file holds.</summary>
    public async Task Fetch(string snapshot, string path, string? since, string account, string region)
    {
        var (what, list, token) = since is null ? ("blocks?", "Blocks", "BlockToken")
            : ($"changedblocks?firstSnapshotId={since}&", "ChangedBlocks", "SecondBlockToken");
        using var file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write);
        var page = "";
        do
        {
            var query = page.Length == 0 ? "" : $"pageToken={Uri.EscapeDataString(page)}";
            var answer = JsonDocument.Parse(
                await Ebs(HttpMethod.Get, $"/snapshots/{snapshot}/{what}{query}", [], account, region)).RootElement;
            RandomAccess.SetLength(file, answer.GetProperty("VolumeSize").GetInt64() << 30);
            foreach (var block in answer.GetProperty(list).EnumerateArray())
            {
                var index = block.GetProperty("BlockIndex").GetInt64();
                var bytes = block.TryGetProperty(token, out var given)
                    ? await Ebs(HttpMethod.Get, $"/snapshots/{snapshot}/blocks/{index}?blockToken="
                        + Uri.EscapeDataString(given.GetString()!), [], account, region)
                    : new byte[BlockBytes];
                await RandomAccess.WriteAsync(file, bytes, index * BlockBytes, Cancel);
            }
            page = answer.TryGetProperty("NextToken", out var next) ? next.GetString() : null;
        }
        while (!string.IsNullOrEmpty(page));
    }

    /// <summary>The digest of a volume's bytes, by way of a snapshot of it.</summary>
    public async Task<string> VolumeDigest(
        string volume, string account = KilnProcess.A, string region = KilnProcess.R1)
    {
        var snapshot = (await Ec2(account, region)
            .CreateSnapshotAsync(new CreateSnapshotRequest { VolumeId = volume }, Cancel)).Snapshot;
        await Completed(snapshot.SnapshotId, account, region);
        return await Digest(snapshot.SnapshotId, account, region);
    }

    /// <summary>Registers an image over a snapshot as its root.</summary>
    public async Task<string> Register(
        string snapshot, string account = KilnProcess.A, string region = KilnProcess.R1, string? name = null,
        params string[] data)
    {
        var request = new RegisterImageRequest
        {
            Name = name ?? Name("registered"), Architecture = ArchitectureValues.X86_64, VirtualizationType = "hvm",
            RootDeviceName = "/dev/xvda", EnaSupport = true,
            BlockDeviceMappings =
            [
                Mapping("/dev/xvda", snapshot), .. data.Select((s, n) => Mapping($"/dev/xvd{(char)('f' + n)}", s)),
            ],
        };
        var image = (await Ec2(account, region).RegisterImageAsync(request, Cancel)).ImageId;
        await Available(image, account, region);
        return image;
    }

    /// <summary>A mapping of a device to a snapshot.</summary>
    public static BlockDeviceMapping Mapping(string device, string snapshot) =>
        new() { DeviceName = device, Ebs = new EbsBlockDevice { SnapshotId = snapshot } };

    /// <summary>Uploads a disk and registers it: an image to begin with.</summary>
    public async Task<string> Golden(int seed, string account = KilnProcess.A, string region = KilnProcess.R1) =>
        await Register(await Disk(seed, account, region), account, region);

    /// <summary>Launches one instance and waits until it runs.</summary>
    public async Task<Instance> Launch(
        string image, string account = KilnProcess.A, string region = KilnProcess.R1,
        Action<RunInstancesRequest>? more = null)
    {
        var request =
            new RunInstancesRequest { ImageId = image, MinCount = 1, MaxCount = 1, InstanceType = "t3.micro" };
        more?.Invoke(request);
        var id = (await Ec2(account, region).RunInstancesAsync(request, Cancel)).Reservation.Instances[0].InstanceId;
        return await InState(id, "running", account, region);
    }

    /// <summary>Waits until an instance is in a state.</summary>
    public Task<Instance> InState(
        string instance, string state, string account = KilnProcess.A, string region = KilnProcess.R1) =>
        Eventually(async () => (await Ec2(account, region).DescribeInstancesAsync(
                new DescribeInstancesRequest { InstanceIds = [instance] }, Cancel)).Reservations[0].Instances[0],
            i => i.State.Name.Value == state);

    /// <summary>The volume at a device of an instance.</summary>
    public static string VolumeAt(Instance instance, string device = "/dev/xvda") =>
        instance.BlockDeviceMappings.Single(m => m.DeviceName == device).Ebs.VolumeId;

    /// <summary>Makes an image of an instance and waits until it is available.</summary>
    public async Task<string> ImageOf(
        string instance, string account = KilnProcess.A, string region = KilnProcess.R1, bool noReboot = true,
        string? name = null)
    {
        var image = (await Ec2(account, region).CreateImageAsync(
            new CreateImageRequest { InstanceId = instance, Name = name ?? Name("made"), NoReboot = noReboot },
            Cancel)).ImageId;
        await Available(image, account, region);
        return image;
    }

    /// <summary>Waits until an image is available.</summary>
    public Task<Image> Available(string image, string account = KilnProcess.A, string region = KilnProcess.R1) =>
        Settled(image, account, region, "available");

    /// <summary>Waits until an image has left pending, and checks where it went.</summary>
    public async Task<Image> Settled(string image, string account, string region, string state)
    {
        var settled = await Eventually(() => Describe(image, account, region), i => i.State.Value != "pending");
        Assert.Equal(state, settled.State.Value);
        return settled;
    }

    /// <summary>An image by its id.</summary>
    public async Task<Image> Describe(string image, string account = KilnProcess.A, string region = KilnProcess.R1) =>
        Assert.Single((await Ec2(account, region).DescribeImagesAsync(
            new DescribeImagesRequest { ImageIds = [image], IncludeDisabled = true, IncludeDeprecated = true },
            Cancel)).Images ?? []);

    /// <summary>The ids of the snapshots in an image's mapping.</summary>
    public async Task<List<string>> SnapshotsOf(
        string image, string account = KilnProcess.A, string region = KilnProcess.R1) =>
        [.. (await Describe(image, account, region)).BlockDeviceMappings.Where(m => m.Ebs?.SnapshotId is not null)
            .Select(m => m.Ebs.SnapshotId)];

    /// <summary>Copies an image, the call going to the destination, and waits until it is available.</summary>
    public async Task<string> Copy(
        string image, string from, string to, string account = KilnProcess.A, Action<CopyImageRequest>? more = null)
    {
        var request = new CopyImageRequest { Name = Name("copied"), SourceImageId = image, SourceRegion = from };
        more?.Invoke(request);
        var copy = (await Ec2(account, to).CopyImageAsync(request, Cancel)).ImageId;
        await Available(copy, account, to);
        return copy;
    }

    /// <summary>Adds launch permissions for accounts.</summary>
    public Task Share(string image, params string[] accounts) =>
        Ec2().ModifyImageAttributeAsync(new ModifyImageAttributeRequest
    {
        ImageId = image,
        LaunchPermission =
            new LaunchPermissionModifications { Add = [.. accounts.Select(a => new LaunchPermission { UserId = a })] },
    }, Cancel);

    /// <summary>Lets another account use a key, as the owner of an encrypted image has to.</summary>
    public Task LetUse(string keyId, string account) => Kms().PutKeyPolicyAsync(new PutKeyPolicyRequest
    {
        KeyId = keyId, PolicyName = "default",
        Policy = $$"""
            {"Version":"2012-10-17","Statement":[
             {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{KilnProcess.A}}:root"},
             "Action":"kms:*","Resource":"*"},
             {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::{{account}}:root"},
             "Action":["kms:DescribeKey","kms:CreateGrant",
              "kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*"],"Resource":"*"}]}
            """,
    }, Cancel);

    /// <summary>Adds create-volume permissions on every snapshot of an image.</summary>
    public async Task ShareSnapshots(string image, params string[] accounts)
    {
        foreach (var snapshot in await SnapshotsOf(image))
        {
            await Ec2().ModifySnapshotAttributeAsync(new ModifySnapshotAttributeRequest
            {
                SnapshotId = snapshot,
                CreateVolumePermission = new CreateVolumePermissionModifications
                {
                    Add = [.. accounts.Select(a => new CreateVolumePermission { UserId = a })],
                },
            }, Cancel);
        }
    }

    /// <summary>Waits until a snapshot is completed.</summary>
    public async Task<Snapshot> Completed(
        string snapshot, string account = KilnProcess.A, string region = KilnProcess.R1)
    {
        var settled = await Eventually(async () => (await Ec2(account, region).DescribeSnapshotsAsync(
            new DescribeSnapshotsRequest { SnapshotIds = [snapshot] }, Cancel)).Snapshots[0], s =>
                s.State.Value != "pending");
        Assert.Equal("completed", settled.State.Value);
        return settled;
    }

    /// <summary>Calls, expecting a refusal, and answers its code.</summary>
    public static async Task<AmazonServiceException> Refused(Func<Task> call) =>
        await Assert.ThrowsAnyAsync<AmazonServiceException>(call);

    /// <summary>Asks until the answer is as wanted, for five minutes at most: the host may be busy with more than
    /// this.</summary>
    public static async Task<T> Eventually<T>(Func<Task<T>> ask, Func<T, bool> wanted)
    {
        var deadline = TimeProvider.System.GetUtcNow().AddMinutes(5);
        while (true)
        {
            var answer = await ask();
            if (wanted(answer))
                return answer;
            if (TimeProvider.System.GetUtcNow() > deadline)
                throw new TimeoutException($"Still not as wanted: {JsonSerializer.Serialize(answer)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancel);
        }
    }

    /// <summary>One call of the EBS direct APIs, which have no .NET package here: signed like any client's.</summary>
    /// <exception cref="HttpRequestException">The answer is not a success; its message is the body.</exception>
    public async Task<byte[]> Ebs(
        HttpMethod method, string path, byte[] body, string account, string region,
        Dictionary<string, string>? headers = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Kiln.Url + path));
        if (method != HttpMethod.Get)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type",
                method == HttpMethod.Put ? "application/octet-stream" : "application/json");
        }
        foreach (var (name, value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(name, value);
        new Signer(account, "test", null, region, "ebs").Sign(request, body, TimeProvider.System.GetUtcNow());
        using var answer = await _http.SendAsync(request, Cancel);
        var bytes = await answer.Content.ReadAsByteArrayAsync(Cancel);
        return answer.IsSuccessStatusCode ? bytes
            : throw new HttpRequestException(System.Text.Encoding.UTF8.GetString(bytes), null, answer.StatusCode);
    }

    private T Keep<T>(T client)
        where T : IDisposable
    {
        lock (_clients)
            _clients.Add(client);
        return client;
    }
}
