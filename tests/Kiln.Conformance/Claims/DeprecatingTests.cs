using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Claims;

/// <summary>These move the clock, so they have a world to themselves.</summary>
public sealed class DeprecatingTests : IAsyncLifetime
{
    private readonly World _world = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _world.InitializeAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact, Claim("C085"), Claim("C086"), Claim("C087"), Claim("C089"), Claim("C091"), Claim("C044")]
    public async Task C085_to_C091_Deprecation_hides_and_breaks_nothing_until_it_is_lifted()
    {
        var ec2 = _world.Ec2();
        var image = await _world.Golden(701);
        var snapshot = (await _world.SnapshotsOf(image))[0];
        await _world.Share(image, KilnProcess.B);
        var running = await _world.Launch(image);
        await ec2.EnableImageDeprecationAsync(new EnableImageDeprecationRequest
        {
            ImageId = image, DeprecateAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(1),
        }, Cancel);
        Assert.Equal([image], await Listed(KilnProcess.B));

        await _world.Kiln.Advance("2d");

        Assert.Empty(await Listed(KilnProcess.B));
        Assert.Equal([image], await Listed(KilnProcess.B, includeDeprecated: true));
        Assert.Equal(image, (await _world.Describe(image, KilnProcess.B)).ImageId);
        Assert.Equal([image], await Listed(KilnProcess.A));
        Assert.Equal("available", (await _world.Describe(image)).State.Value);
        await _world.Launch(image);
        await _world.Launch(image, KilnProcess.B);
        await _world.InState(running.InstanceId, "running");
        await _world.Completed(snapshot);

        await ec2.DisableImageDeprecationAsync(new DisableImageDeprecationRequest { ImageId = image }, Cancel);
        Assert.Equal([image], await Listed(KilnProcess.B));
        Assert.Null((await _world.Describe(image)).DeprecationTime);
    }

    [Fact, Claim("C088")]
    public async Task C088_The_date_is_ISO_8601_to_come_and_not_too_far()
    {
        var image = await _world.Golden(702);
        var ec2 = _world.Ec2();
        var aws = _world.Kiln.Aws();
        Assert.Equal("InvalidParameterValue", await World.Refused(() => ec2.EnableImageDeprecationAsync(
            new EnableImageDeprecationRequest { ImageId = image,
            DeprecateAt = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1) }, Cancel))
            .ContinueWith(t => t.Result.ErrorCode, TaskScheduler.Default));
        await ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = image,
            LaunchPermission = new LaunchPermissionModifications { Add = [new LaunchPermission { Group = "all" }] },
        }, Cancel);
        var year = TimeProvider.System.GetUtcNow().Year;
        Assert.Equal("InvalidParameterValue", await aws.Error(
            $"ec2 enable-image-deprecation --image-id {image} --deprecate-at {year + 4}-01-01T00:00:00Z"));
        // The CLI reads the date itself; a word that is no date is refused by it or by the service, and changes
        // nothing.
        Assert.NotEqual(
            0, (await aws.Run($"ec2 enable-image-deprecation --image-id {image} --deprecate-at tomorrow")).ExitCode);
    }

    private async Task<List<string>> Listed(string account, bool includeDeprecated = false) =>
        [.. ((await _world.Ec2(account).DescribeImagesAsync(new DescribeImagesRequest
        {
            Owners = [KilnProcess.A], IncludeDeprecated = includeDeprecated,
        }, Cancel)).Images ?? []).Select(i => i.ImageId)];
}
