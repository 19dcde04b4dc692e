using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Kms;

public sealed class EncryptTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly Dictionary<string, string> Context = new() { ["b"] = "2", ["aws:ebs:id"] = "vol-1" };

    private static readonly string[] Refusals = ["InvalidCiphertextException", "AccessDeniedException"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AmazonKeyManagementServiceClient Kms => server.Kms();

    [Fact]
    public async Task What_was_encrypted_decrypts_under_the_same_context_only()
    {
        var key = await NewKey();
        var sealedText = await Kms.EncryptAsync(new EncryptRequest
        {
            KeyId = key.KeyId, Plaintext = Bytes("secret"), EncryptionContext = Context,
        }, Cancel);

        var plain = await Kms.DecryptAsync(new DecryptRequest
        {
            CiphertextBlob = sealedText.CiphertextBlob, EncryptionContext = Context,
        }, Cancel);
        Assert.Equal("secret", Encoding.UTF8.GetString(plain.Plaintext.ToArray()));
        Assert.Equal(key.Arn, plain.KeyId);
        await Assert.ThrowsAsync<InvalidCiphertextException>(() => Kms.DecryptAsync(
            new DecryptRequest { CiphertextBlob = new MemoryStream(sealedText.CiphertextBlob.ToArray()) }, Cancel));
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_refused()
    {
        var key = await NewKey();
        var bytes = (await Kms.EncryptAsync(
            new EncryptRequest { KeyId = key.KeyId, Plaintext = Bytes("secret") }, Cancel)).CiphertextBlob.ToArray();
        for (var i = 0; i < bytes.Length; i += 7)
        {
            var changed = (byte[])bytes.Clone();
            changed[i] ^= 1;
            var refusal = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(() => Kms.DecryptAsync(
                new DecryptRequest { CiphertextBlob = new MemoryStream(changed) }, Cancel));
            Assert.Contains(refusal.ErrorCode, Refusals);
        }
    }

    [Fact]
    public async Task A_data_key_comes_plain_and_wrapped()
    {
        var key = await NewKey();
        var made = await Kms.GenerateDataKeyAsync(
            new GenerateDataKeyRequest { KeyId = key.Arn, KeySpec = DataKeySpec.AES_256 }, Cancel);
        var opened = await Kms.DecryptAsync(new DecryptRequest { CiphertextBlob = made.CiphertextBlob }, Cancel);
        var hidden = await Kms.GenerateDataKeyWithoutPlaintextAsync(
            new GenerateDataKeyWithoutPlaintextRequest { KeyId = key.Arn, NumberOfBytes = 64 }, Cancel);
        var shown = await Kms.DecryptAsync(new DecryptRequest { CiphertextBlob = hidden.CiphertextBlob }, Cancel);

        Assert.Equal(32, made.Plaintext.Length);
        Assert.Equal(made.Plaintext.ToArray(), opened.Plaintext.ToArray());
        Assert.Equal(64, shown.Plaintext.Length);
        await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => Kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = key.Arn }, Cancel));
    }

    [Fact]
    public async Task ReEncrypt_moves_a_ciphertext_to_another_key()
    {
        var (from, to) = (await NewKey(), await NewKey());
        var first = await Kms.EncryptAsync(new EncryptRequest { KeyId = from.KeyId, Plaintext = Bytes("x") }, Cancel);
        var second = await Kms.ReEncryptAsync(new ReEncryptRequest
        {
            CiphertextBlob = first.CiphertextBlob, DestinationKeyId = to.KeyId, DestinationEncryptionContext = Context,
        }, Cancel);

        var wrong = new DecryptRequest
        {
            KeyId = from.KeyId, CiphertextBlob = second.CiphertextBlob, EncryptionContext = Context,
        };
        await Assert.ThrowsAsync<IncorrectKeyException>(() => Kms.DecryptAsync(wrong, Cancel));
        var plain = await Kms.DecryptAsync(new DecryptRequest
        {
            KeyId = to.KeyId,
            CiphertextBlob = new MemoryStream(second.CiphertextBlob.ToArray()),
            EncryptionContext = Context,
        }, Cancel);
        Assert.Equal("x", Encoding.UTF8.GetString(plain.Plaintext.ToArray()));
    }

    [Fact]
    public async Task A_dry_run_tells_that_it_would_have_worked()
    {
        var key = await NewKey();

        await Assert.ThrowsAsync<DryRunOperationException>(() => Kms.EncryptAsync(
            new EncryptRequest { KeyId = key.KeyId, Plaintext = Bytes("x"), DryRun = true }, Cancel));
    }

    [Fact]
    public async Task A_replica_decrypts_in_its_own_Region()
    {
        var primary = (await Kms.CreateKeyAsync(new CreateKeyRequest { MultiRegion = true }, Cancel)).KeyMetadata;
        Assert.StartsWith("mrk-", primary.KeyId, StringComparison.Ordinal);
        var replica = (await Kms.ReplicateKeyAsync(
            new ReplicateKeyRequest { KeyId = primary.KeyId, ReplicaRegion = "eu-west-1" }, Cancel)).ReplicaKeyMetadata;
        Assert.Equal(primary.KeyId, replica.KeyId);
        Assert.Equal(MultiRegionKeyType.REPLICA, replica.MultiRegionConfiguration.MultiRegionKeyType);
        await Assert.ThrowsAsync<AlreadyExistsException>(() => Kms.ReplicateKeyAsync(
            new ReplicateKeyRequest { KeyId = primary.KeyId, ReplicaRegion = "eu-west-1" }, Cancel));

        var wrapped = (await Kms.EncryptAsync(
            new EncryptRequest { KeyId = primary.KeyId, Plaintext = Bytes("both") }, Cancel)).CiphertextBlob.ToArray();
        var there = await server.Kms(region: "eu-west-1").DecryptAsync(
            new DecryptRequest { CiphertextBlob = new MemoryStream(wrapped) }, Cancel);

        Assert.Equal("both", Encoding.UTF8.GetString(there.Plaintext.ToArray()));
        Assert.Equal(replica.Arn, there.KeyId);
        var elsewhere = server.Kms(region: "eu-west-2");
        await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(() => elsewhere.DecryptAsync(
            new DecryptRequest { CiphertextBlob = new MemoryStream(wrapped) }, Cancel));
    }

    [Fact]
    public async Task A_primary_outlives_its_replicas()
    {
        var europe = server.Kms(region: "eu-west-1");
        var primary = (await Kms.CreateKeyAsync(new CreateKeyRequest { MultiRegion = true }, Cancel)).KeyMetadata;
        await Kms.ReplicateKeyAsync(
            new ReplicateKeyRequest { KeyId = primary.KeyId, ReplicaRegion = "eu-west-1" }, Cancel);

        var scheduled = await Kms.ScheduleKeyDeletionAsync(primary.KeyId, 7, Cancel);
        Assert.Equal(KeyState.PendingReplicaDeletion, scheduled.KeyState);
        await europe.ScheduleKeyDeletionAsync(primary.KeyId, 7, Cancel);
        await server.Advance(TimeSpan.FromDays(7) + TimeSpan.FromMinutes(1));

        var waiting = await TestServer.Eventually(
            async () => (await Kms.DescribeKeyAsync(primary.KeyId, Cancel)).KeyMetadata,
            key => key.KeyState == KeyState.PendingDeletion);
        Assert.NotNull(waiting.DeletionDate);
        await Assert.ThrowsAsync<NotFoundException>(() => europe.DescribeKeyAsync(primary.KeyId, Cancel));
    }

    private static MemoryStream Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    private async Task<KeyMetadata> NewKey() => (await Kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata;
}
