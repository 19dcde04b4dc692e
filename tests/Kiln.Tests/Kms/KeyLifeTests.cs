using System.Net;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Kms;

public sealed class KeyLifeTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AmazonKeyManagementServiceClient Kms => server.Kms();

    [Fact]
    public async Task A_new_key_is_enabled_symmetric_and_the_accounts_own()
    {
        var made = await Kms.CreateKeyAsync(new CreateKeyRequest
        {
            Description = "for images", Tags = [new Tag { TagKey = "team", TagValue = "os" }],
        }, Cancel);

        var key = (await Kms.DescribeKeyAsync(made.KeyMetadata.Arn, Cancel)).KeyMetadata;
        // The SDK compares without case.
        Assert.Equal("Enabled", key.KeyState.Value);
        Assert.Equal("for images", key.Description);
        Assert.Equal(KeySpec.SYMMETRIC_DEFAULT, key.KeySpec);
        Assert.Equal(KeyManagerType.CUSTOMER, key.KeyManager);
        Assert.Equal($"arn:aws:kms:us-east-1:{TestServer.A}:key/{key.KeyId}", key.Arn);
        Assert.False(key.MultiRegion);
        var tags = await Kms.ListResourceTagsAsync(new ListResourceTagsRequest { KeyId = key.KeyId }, Cancel);
        Assert.Equal("os", Assert.Single(tags.Tags).TagValue);
        var policy = await Kms.GetKeyPolicyAsync(new GetKeyPolicyRequest { KeyId = key.KeyId }, Cancel);
        Assert.Contains($"arn:aws:iam::{TestServer.A}:root", policy.Policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RSA_2048")]
    [InlineData("HMAC_256")]
    public async Task Other_specs_are_refused_by_name(string spec)
    {
        var refusal = await Assert.ThrowsAsync<UnsupportedOperationException>(
            () => Kms.CreateKeyAsync(new CreateKeyRequest { KeySpec = new KeySpec(spec) }, Cancel));

        Assert.Contains("KeySpec", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense", "Invalid keyId 'nonsense'")]
    [InlineData("arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-4000-8000-000000000000", "Invalid arn region")]
    [InlineData("00000000-0000-4000-8000-000000000000",
        "Key 'arn:aws:kms:us-east-1:111111111111:key/00000000-0000-4000-8000-000000000000' does not exist")]
    [InlineData("alias/none", "Alias arn:aws:kms:us-east-1:111111111111:alias/none is not found.")]
    public async Task An_unknown_key_is_not_found_in_AWSs_words(string name, string message)
    {
        var refusal = await Assert.ThrowsAsync<NotFoundException>(() => Kms.DescribeKeyAsync(name, Cancel));

        Assert.Equal(message, refusal.Message);
        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("alias/\0")]
    [InlineData("arn:aws:kms:us-east-1:111111111111:key/%")]
    [InlineData("arn:aws:kms:us-east-1:x:key/y")]
    [InlineData("arn:")]
    [InlineData("é\uD83D\uDE00")]
    public async Task A_hostile_key_id_is_refused_as_the_callers_fault(string name)
    {
        var refusal = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(
            () => Kms.DescribeKeyAsync(name, Cancel));

        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
    }

    [Fact]
    public async Task A_disabled_key_refuses_and_an_enabled_one_works_again()
    {
        var key = (await Kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        await Kms.DisableKeyAsync(key.KeyId, Cancel);

        var refusal = await Assert.ThrowsAsync<DisabledException>(() => Encrypt(key.KeyId));

        Assert.Equal($"{key.Arn} is disabled.", refusal.Message);
        await Kms.EnableKeyAsync(key.KeyId, Cancel);
        await Encrypt(key.KeyId);
    }

    [Fact]
    public async Task A_scheduled_key_waits_can_be_kept_and_goes_in_the_end()
    {
        var key = (await Kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        await Kms.CreateAliasAsync("alias/going", key.KeyId, Cancel);
        await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => Schedule(key.KeyId, 6));
        var scheduled = await Schedule(key.KeyId, 7);
        Assert.Equal(KeyState.PendingDeletion, scheduled.KeyState);
        var left = scheduled.DeletionDate!.Value.ToUniversalTime() - server.Clock.GetUtcNow().UtcDateTime;
        Assert.Equal(7, left.TotalDays, 2);
        await Assert.ThrowsAsync<KMSInvalidStateException>(() => Encrypt(key.KeyId));
        await Assert.ThrowsAsync<KMSInvalidStateException>(() => Kms.EnableKeyAsync(key.KeyId, Cancel));

        await Kms.CancelKeyDeletionAsync(key.KeyId, Cancel);
        Assert.Equal(KeyState.Disabled, (await Kms.DescribeKeyAsync(key.KeyId, Cancel)).KeyMetadata.KeyState);

        await Schedule(key.KeyId, 8);
        await server.Advance(TimeSpan.FromDays(8) + TimeSpan.FromMinutes(1));
        await TestServer.Eventually(
            async () => (await Kms.ListAliasesAsync(new ListAliasesRequest(), Cancel)).Aliases ?? [],
            aliases => !aliases.Exists(a => a.AliasName == "alias/going"));
        await Assert.ThrowsAsync<NotFoundException>(() => Kms.DescribeKeyAsync(key.KeyId, Cancel));
    }

    [Fact]
    public async Task Aliases_name_one_key_at_a_time()
    {
        var one = (await Kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        var two = (await Kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
        await Kms.CreateAliasAsync("alias/app", one.KeyId, Cancel);
        await Assert.ThrowsAsync<AlreadyExistsException>(() => Kms.CreateAliasAsync("alias/app", two.KeyId, Cancel));
        Assert.Equal(one.Arn, (await Kms.DescribeKeyAsync("alias/app", Cancel)).KeyMetadata.Arn);

        await Kms.UpdateAliasAsync("alias/app", two.KeyId, Cancel);

        Assert.Equal(two.Arn, (await Encrypt("alias/app")).KeyId);
        await Kms.DeleteAliasAsync("alias/app", Cancel);
        await Assert.ThrowsAsync<NotFoundException>(() => Kms.DescribeKeyAsync("alias/app", Cancel));
        await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => Kms.CreateAliasAsync("alias/aws/mine", one.KeyId, Cancel));
    }

    [Fact]
    public async Task Keys_come_in_pages()
    {
        var kms = server.Kms(TestServer.C, "eu-west-1");
        for (var i = 0; i < 5; i++)
            await kms.CreateKeyAsync(new CreateKeyRequest(), Cancel);
        var first = await kms.ListKeysAsync(new ListKeysRequest { Limit = 3 }, Cancel);
        var second = await kms.ListKeysAsync(new ListKeysRequest { Limit = 3, Marker = first.NextMarker }, Cancel);

        Assert.True(first.Truncated);
        Assert.False(second.Truncated);
        Assert.Equal(5, first.Keys.Concat(second.Keys).Select(k => k.KeyId).Distinct().Count());
        await Assert.ThrowsAsync<InvalidMarkerException>(
            () => kms.ListKeysAsync(new ListKeysRequest { Marker = "nonsense" }, Cancel));
    }

    [Fact]
    public async Task The_key_of_EBS_is_made_on_first_need_and_works_through_EBS_alone()
    {
        var kms = server.Kms(TestServer.B);
        var key = (await kms.DescribeKeyAsync("alias/aws/ebs", Cancel)).KeyMetadata;

        Assert.Equal(KeyManagerType.AWS, key.KeyManager);
        Assert.Equal(key.Arn, (await kms.DescribeKeyAsync("alias/aws/ebs", Cancel)).KeyMetadata.Arn);
        var refusal = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => kms.EncryptAsync(
            new EncryptRequest { KeyId = "alias/aws/ebs", Plaintext = new MemoryStream([1]) }, Cancel));
        Assert.Equal("AccessDeniedException", refusal.ErrorCode);
        await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => kms.DisableKeyAsync(key.KeyId, Cancel));
    }

    private Task<EncryptResponse> Encrypt(string key) =>
        Kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = new MemoryStream([1, 2, 3]) }, Cancel);

    private Task<ScheduleKeyDeletionResponse> Schedule(string key, int days) => Kms.ScheduleKeyDeletionAsync(
        new ScheduleKeyDeletionRequest { KeyId = key, PendingWindowInDays = days }, Cancel);
}
